"""接続記録: each request for receipt files: by whom, when, for what, and its outcome."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from contracts.http.payment_provider.receipt_files import RecordedAccess, TerminalAccess
from contracts.vocabulary import Refusal
from services.chassis.access.lockout import Attempt, Lockout, Outcome
from services.chassis.transaction import Transaction
from services.payment_provider.domain.terminal_access import Admission
from services.payment_provider.store import terminal_accesses

DECIDED = {Admission.ADMITTED.value: Outcome.ADMITTED, Admission.WRONG_USER_OR_PASSWORD.value: Outcome.REFUSED}
"""Outcomes that count for the lock-out after repeated failures."""

log = structlog.get_logger(__name__)


async def record_terminal_access(
    accesses: Sequence[TerminalAccess], tx: Transaction, *, lockout: Lockout
) -> Sequence[RecordedAccess | Refusal]:
    """A row for each request, admitted or not. A user that is locked out is recorded and answered as such."""
    recorded: list[RecordedAccess] = []
    for access in accesses:
        decided = access.model_copy(update={"outcome": await _outcome(access, tx, lockout)})
        await terminal_accesses.add(tx.session, decided, tx.now)
        recorded.append(RecordedAccess(at=tx.now, **decided.model_dump()))
    return recorded


async def _outcome(access: TerminalAccess, tx: Transaction, lockout: Lockout) -> str:
    outcome = DECIDED.get(access.outcome)
    if outcome is None:
        return access.outcome
    rows = await terminal_accesses.latest(tx.session, access.terminal_user, [*DECIDED], lockout.failures)
    earlier = [Attempt(at, DECIDED[came_of_it]) for at, came_of_it in rows]
    if lockout.decide(earlier, tx.now, outcome is Outcome.ADMITTED) is not Outcome.LOCKED_OUT:
        return access.outcome
    log.warning("a terminal's user is locked out after repeated failures", certificate=access.certificate)
    return Admission.LOCKED_OUT
