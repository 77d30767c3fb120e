"""Simulated staff do on its date what the contract's duties ask for, or forget what they are told to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from contracts.duties.assessing import DutyState, Status, assess
from contracts.duties.duty import CONTRACTORS, Checked, NotSimulated, RecordKind
from contracts.http.duties import IncidentRequest
from contracts.http.ward.duties import ClaimRequest, GuidanceRequest
from contracts.parties import PARTIES, WARD, Contractor
from contracts.vocabulary import JST, Agent, IncidentKind, on_the_clock
from services.chassis.duties.register import Wanted
from services.console.payers.paying import expect
from services.console.sandbox.sandbox import Sandbox

BEGAN = date(2021, 4, 1)
KEPT = {principal: {"duties": "kept"} for principal in PARTIES}
PROVIDER = Contractor.PAYMENT_PROVIDER


def sandbox_of(overrides: Mapping[str, dict[str, Any]], folder: Path | None = None) -> Sandbox:
    return Sandbox(on_the_clock(BEGAN, time(0)), seed=7, folder=folder, overrides=dict(overrides))


def neglecting(numbers: str, *parties: str) -> dict[str, dict[str, Any]]:
    return {p: {**KEPT[p], **({"duties_neglected": numbers} if p in parties else {})} for p in PARTIES}


def morning(year: int, month: int, day: int) -> datetime:
    return on_the_clock(date(year, month, day), time(12))


async def states(sandbox: Sandbox, on: date) -> list[DutyState]:
    """Without the duties that only a machine's check shows."""
    records = [entry.record for service in sandbox.services for entry in await service.duty_records(Wanted())]
    found = assess(records, (), began=BEGAN, on=on)
    return [s for s in found if any(not isinstance(p.shown, Checked | NotSimulated) for p in s.parts)]


def by_records(state: DutyState) -> Status:
    return max(part.status for part in state.parts if not isinstance(part.shown, Checked | NotSimulated))


def numbers(found: Iterable[DutyState], status: Status) -> set[tuple[str, str]]:
    return {(state.duty.number, state.debtor) for state in found if by_records(state) is status}


async def days(sandbox: Sandbox, kind: RecordKind, party: str = WARD) -> list[str]:
    (service,) = (s for s in sandbox.services if s.principal == party)
    found = await service.duty_records(Wanted(kind))
    return sorted(f"{entry.record.at.astimezone(JST):%m-%d %H:%M} {entry.record.contractor}" for entry in found)


async def test_in_a_fiscal_year_every_duty_that_records_show_is_fulfilled() -> None:
    async with sandbox_of(KEPT) as sandbox:
        await sandbox.advance(morning(2021, 5, 6))
        assert numbers(await states(sandbox, date(2021, 5, 6)), Status.MISSED) == set()
        assert ("D-18", PROVIDER) in numbers(await states(sandbox, date(2021, 5, 6)), Status.DUE)
        await sandbox.advance(morning(2022, 3, 31))
        found = await states(sandbox, date(2022, 3, 31))
        assert numbers(found, Status.MISSED) == numbers(found, Status.DUE) == set()
        assert {number for number, _ in numbers(found, Status.NO_CASE)} == {
            "D-11",
            "C-O3",
            "D-12",
            "D-19",
            "D-20",
            "D-21",
        }
        every = sorted(CONTRACTORS)
        assert await days(sandbox, RecordKind.HANDLERS_NAMED) == [f"04-01 00:00 {c}" for c in every]
        assert await days(sandbox, RecordKind.TRAINING_HELD) == [f"06-01 10:00 {c}" for c in (*every, WARD)]
        assert await days(sandbox, RecordKind.STATUS_REQUESTED) == [f"10-01 10:00 {c}" for c in every]
        assert await days(sandbox, RecordKind.STATUS_REPORTED) == [f"10-12 10:00 {c}" for c in every]
        assert await days(sandbox, RecordKind.INSPECTION_HELD) == [f"02-01 10:00 {c}" for c in every]


async def test_the_next_fiscal_year_is_planned_on_1_april() -> None:
    async with sandbox_of(KEPT) as sandbox:
        await sandbox.advance(morning(2023, 3, 31))
        assert numbers(await states(sandbox, date(2023, 3, 31)), Status.MISSED) == set()
        assert len(await days(sandbox, RecordKind.TRAINING_HELD)) == 2 * (len(CONTRACTORS) + 1)
        assert len(await days(sandbox, RecordKind.HANDLERS_NAMED)) == len(CONTRACTORS)


async def test_both_registers_hold_the_same_records() -> None:
    async with sandbox_of(KEPT) as sandbox:
        await sandbox.advance(morning(2022, 3, 31))
        own = {
            entry.view.model_copy(update={"party": ""}).model_dump_json()
            for service in sandbox.services
            if service.principal != WARD
            for entry in await service.duty_records(Wanted())
        }
        at_ward = await sandbox.ward.duty_records(Wanted())
        wards = {
            entry.view.model_copy(update={"party": ""}).model_dump_json()
            for entry in at_ward
            if entry.record.contractor != WARD
        }
        assert wards == own
        assert len(own) == 5 * len(CONTRACTORS)


async def test_staff_forget_what_they_are_told_to() -> None:
    async with sandbox_of(neglecting("D-13, D-18", PROVIDER)) as sandbox:
        await sandbox.advance(morning(2022, 4, 2))
        found = await states(sandbox, date(2022, 4, 1))
        missed = numbers(found, Status.MISSED)
        assert {debtor for _, debtor in missed} == {PROVIDER}
        assert {"D-13", "D-18", "C-O2"} <= {number for number, _ in missed}
        assert await days(sandbox, RecordKind.STATUS_REPORTED, PROVIDER) == ["10-12 10:00 payment_provider"]


async def test_an_inspection_that_is_neglected_is_missed_by_the_ward() -> None:
    async with sandbox_of(neglecting("D-16", WARD)) as sandbox:
        await sandbox.advance(morning(2022, 4, 2))
        assert ("D-16", WARD) in numbers(await states(sandbox, date(2022, 4, 1)), Status.MISSED)


async def test_what_answers_an_incident_comes_before_its_due_dates() -> None:
    async with sandbox_of(KEPT) as sandbox:
        await sandbox.advance(morning(2021, 7, 5))
        told = IncidentRequest(
            incident_kind=IncidentKind.LEAK, noticed_at=sandbox.clock.now(), what="誤送付", persons=1
        )
        incident = expect(await sandbox.agents[Agent.UC].duties.commands.notify_incident(told))
        await sandbox.settle()
        ward, contractor = sandbox.ward.duties.commands, Contractor.CARD_AGENT_UC
        claim = ClaimRequest(contractor=contractor, incident_id=incident.record_id, amount=30_000)
        guidance = GuidanceRequest(
            contractor=contractor, cause_id=incident.record_id, duty="D-8", what="封入を二名で確認すること"
        )
        expect(await ward.claim_damages(claim))
        expect(await ward.give_guidance(guidance))
        await sandbox.advance(morning(2021, 8, 31))
        assert await days(sandbox, RecordKind.INCIDENT_REPORTED) == ["07-16 10:00 card_agent.uc"]
        assert await days(sandbox, RecordKind.IMPROVEMENT_REPORTED) == ["07-30 10:00 card_agent.uc"]
        assert await days(sandbox, RecordKind.DAMAGE_MADE_GOOD) == ["07-30 10:00 card_agent.uc"]
        fulfilled = numbers(await states(sandbox, date(2021, 8, 31)), Status.FULFILLED)
        assert {("D-19", "card_agent.uc"), ("D-20", "card_agent.uc"), ("D-21", "card_agent.uc")} <= fulfilled


async def test_a_restart_plans_nothing_twice(tmp_path: Path) -> None:
    async with sandbox_of(KEPT, tmp_path) as sandbox:
        await sandbox.advance(morning(2021, 5, 6))
        for _ in range(2):
            for principal in PARTIES:
                await sandbox.restart(principal)
            await sandbox.settle()
        await sandbox.advance(morning(2022, 3, 31))
        assert len(await days(sandbox, RecordKind.TRAINING_HELD)) == len(CONTRACTORS) + 1
        assert len(await days(sandbox, RecordKind.INSPECTION_HELD)) == len(CONTRACTORS)


async def test_work_that_begins_within_a_year_catches_up() -> None:
    later = Sandbox(morning(2021, 12, 1), seed=7, overrides=KEPT)
    async with later as sandbox:
        await sandbox.advance(morning(2021, 12, 20))
        assert len(await days(sandbox, RecordKind.TRAINING_HELD)) == len(CONTRACTORS) + 1
        assert len(await days(sandbox, RecordKind.STATUS_REPORTED)) == len(CONTRACTORS)


async def test_left_duties_set_no_timer() -> None:
    async with sandbox_of({}) as sandbox:
        await sandbox.settle()
        assert sandbox.next_due() is None
