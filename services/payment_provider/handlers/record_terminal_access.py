"""接続記録: each request for receipt files: by whom, when, for what, and its outcome."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from contracts.bounds import shown
from contracts.events import TerminalUserLocked
from contracts.http.payment_provider.receipt_files import RecordedAccess, TerminalAccess
from contracts.parties import Contractor
from contracts.vocabulary import Refusal
from services.chassis.access.lockout import Attempt, Lockout, Outcome
from services.chassis.duties.correspondence import Correspondence
from services.chassis.transaction import Transaction
from services.payment_provider.domain.terminal_access import Admission
from services.payment_provider.store import terminal_accesses

DECIDED = {Admission.ADMITTED.value: Outcome.ADMITTED, Admission.WRONG_USER_OR_PASSWORD.value: Outcome.REFUSED}
"""Outcomes that count for the lock-out after repeated failures."""

log = structlog.get_logger(__name__)


async def record_terminal_access(
    accesses: Sequence[TerminalAccess], tx: Transaction, *, lockout: Lockout, correspondence: Correspondence
) -> Sequence[RecordedAccess | Refusal]:
    """A row for each request, admitted or not. A user that is locked out is recorded and answered as such.

    The failure that locks a user out is told to the ward, whose terminal it is.
    """
    recorded: list[RecordedAccess] = []
    for access in accesses:
        earlier = await _earlier(access, tx, lockout)
        decided = access.model_copy(update={"outcome": _outcome(access, earlier, tx, lockout)})
        await terminal_accesses.add(tx.session, decided, tx.now)
        if DECIDED.get(decided.outcome) is Outcome.REFUSED and lockout.locks(earlier, tx.now):
            await correspondence.send(_locked(access, tx, lockout), tx)
        recorded.append(RecordedAccess(at=tx.now, **decided.model_dump()))
    return recorded


async def _earlier(access: TerminalAccess, tx: Transaction, lockout: Lockout) -> Sequence[Attempt]:
    """This user's attempts that count, the latest first."""
    if access.outcome not in DECIDED:
        return ()
    rows = await terminal_accesses.latest(tx.session, access.terminal_user, [*DECIDED], lockout.failures)
    return [Attempt(at, DECIDED[came_of_it]) for at, came_of_it in rows]


def _outcome(access: TerminalAccess, earlier: Sequence[Attempt], tx: Transaction, lockout: Lockout) -> str:
    outcome = DECIDED.get(access.outcome)
    if outcome is None or lockout.decide(earlier, tx.now, outcome is Outcome.ADMITTED) is not Outcome.LOCKED_OUT:
        return access.outcome
    log.warning("a terminal's user is locked out after repeated failures", certificate=access.certificate)
    return Admission.LOCKED_OUT


def _locked(access: TerminalAccess, tx: Transaction, lockout: Lockout) -> TerminalUserLocked:
    return TerminalUserLocked(
        contractor=Contractor.PAYMENT_PROVIDER,
        lockout_id=tx.new_id("lockout", access.terminal_user, tx.now.isoformat()),
        user=shown(access.terminal_user),
        locked_at=tx.now,
        until=tx.now + lockout.period,
        failures=lockout.failures,
    )
