"""立入調査: what an inspection finds at each contractor, and how it is recorded at the ward."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from contracts.duties.assessing import Status
from contracts.duties.duty import CONTRACTORS, RecordKind
from contracts.parties import WARD
from contracts.vocabulary import business_date
from services.console.duties.standing import Standing
from services.console.stack.clients import StackClient

LONGEST_FINDING: Final = 900
"""Bytes. A message holds a text of 1,000."""
_NOT_JUDGED: Final = (Status.NOT_SIMULATED, Status.UNCHECKED)


class Finding(NamedTuple):
    """指摘事項"""

    duty: str
    found: str


class Inspection(NamedTuple):
    """Of one contractor, on the day of the standing."""

    contractor: str
    checks: int
    """How many of its duties could be judged."""
    findings: Sequence[Finding]
    held_already: str
    """Id of the record of an inspection of this contractor on this day; empty if there is none."""


def inspections(standing: Standing) -> Sequence[Inspection]:
    """One of each contractor."""
    return [_inspection(standing, contractor) for contractor in CONTRACTORS]


async def record(client: StackClient, inspection: Inspection, inspected_by: str, on: str) -> str:
    """Record it at the ward, once a day. Returns the id of the record. Raises `Refused`, `Unreachable`."""
    if inspection.held_already:
        return inspection.held_already
    body: dict[str, Any] = {
        "contractor": inspection.contractor,
        "inspected_by": inspected_by,
        "checks": inspection.checks,
        "findings": [finding._asdict() for finding in inspection.findings],
    }
    key = f"inspection-{inspection.contractor}-{on}"
    return str((await client.post(WARD, "/duties/inspections", body, key))["record_id"])


def _inspection(standing: Standing, contractor: str) -> Inspection:
    own = [state for state in standing.states if state.debtor == contractor]
    judged = [state for state in own if state.status not in _NOT_JUDGED]
    findings = [
        Finding(state.duty.number, _cut("；".join(said.japanese for said in standing.why(state))))
        for state in own
        if state.status is Status.MISSED
    ]
    held = [
        one.record_id
        for one in standing.records
        if one.kind is RecordKind.INSPECTION_HELD
        and one.contractor == contractor
        and business_date(one.at) == standing.on
    ]
    return Inspection(contractor, len(judged), findings, held[-1] if held else "")


def _cut(text: str) -> str:
    """On one line, cut at `LONGEST_FINDING` bytes: a message holds no more."""
    plain = " ".join(text.split())
    return plain.encode()[:LONGEST_FINDING].decode(errors="ignore")
