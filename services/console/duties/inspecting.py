"""Runs the checks: each that a duty asks for, once for each party that owes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.duties.assessing import CheckResult
from contracts.duties.clauses import DUTIES
from contracts.duties.duty import Checked, CheckName
from services.console.duties.checks.access_logs import check_access_log
from services.console.duties.checks.backing_up import check_backed_up
from services.console.duties.checks.bus import check_sealed, check_within_contract
from services.console.duties.checks.collecting import check_fields, check_terms
from services.console.duties.checks.network import check_containers, check_named_peers
from services.console.duties.checks.operating import check_copies, check_monitored
from services.console.duties.checks.roles import check_roles
from services.console.duties.checks.terminal import check_admission
from services.console.duties.checks.terminal import check_copies as check_terminal_copies
from services.console.duties.site import Check, Found, Site, cannot_tell
from services.console.stack.clients import Refused, Unreachable

CHECKS: Final[Mapping[CheckName, Check]] = {
    CheckName.NAMED_PEERS: check_named_peers,
    CheckName.SEALED: check_sealed,
    CheckName.TERMINAL_ADMISSION: check_admission,
    CheckName.TERMINAL_COPIES: check_terminal_copies,
    CheckName.ROLES: check_roles,
    CheckName.ACCESS_LOG: check_access_log,
    CheckName.CONTAINERS: check_containers,
    CheckName.FIELDS_COLLECTED: check_fields,
    CheckName.TERMS_PUBLISHED: check_terms,
    CheckName.WITHIN_CONTRACT: check_within_contract,
    CheckName.COPIES_COUNTED: check_copies,
    CheckName.MONITORED: check_monitored,
    CheckName.BACKED_UP: check_backed_up,
}
ASKED: Final[Sequence[tuple[str, CheckName]]] = tuple(
    dict.fromkeys(
        (debtor, shown.check)
        for duty in DUTIES
        for debtor in duty.owed_by
        for shown in duty.shown
        if isinstance(shown, Checked)
    )
)
"""(party, check) of every check that a duty asks for."""


async def inspect(site: Site) -> Sequence[CheckResult]:
    """Every check, one after the other: they call the same parties. Raises `LookupError` for an unreadable folder."""
    results = []
    for party, name in ASKED:
        found = await _check(party, name, site)
        results.append(CheckResult(party, name, found.holds, found.said.english, found.said.japanese))
    return results


async def _check(party: str, name: CheckName, site: Site) -> Found:
    try:
        return await CHECKS[name](party, site)
    except (Refused, Unreachable) as unanswered:
        return cannot_tell(f"回答が得られない：{unanswered}", f"no answer: {unanswered}")
