"""How each duty stands on a day."""

import re
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from contracts.duties.assessing import CheckResult, DutyRecord, DutyState, Status, assess
from contracts.duties.clauses import BY_NUMBER, DUTIES
from contracts.duties.duty import CONTRACTORS, CheckName, RecordKind
from contracts.vocabulary import on_the_clock

BEGAN = date(2021, 4, 1)
UC = "card_agent.uc"


def at(month: int, day: int, year: int = 2021, hour: int = 10) -> datetime:
    return on_the_clock(date(year, month, day), time(hour))


def record(kind: RecordKind, when: datetime, record_id: str = "r1", contractor: str = UC, **more: Any) -> DutyRecord:
    return DutyRecord(contractor, kind, record_id, contractor, when)._replace(**more)


def state(number: str, *records: DutyRecord, on: date, debtor: str = UC) -> DutyState:
    states = assess(records, (), began=BEGAN, on=on, duties=[BY_NUMBER[number]])
    (found,) = (s for s in states if s.debtor == debtor)
    return found


def test_the_list_has_every_duty_of_the_contract_once() -> None:
    counts = Counter(re.split(r"\d", duty.number)[0] for duty in DUTIES)
    assert counts == {"A-O": 2, "A-S": 9, "B-O": 3, "B-S": 4, "C-O": 3, "C-S": 10, "D-": 21}
    assert len(BY_NUMBER) == len(DUTIES)
    assert all(duty.japanese and duty.english and duty.shown for duty in DUTIES)


def test_a_person_is_named_before_work_begins() -> None:
    assert state("D-13", on=BEGAN).status is Status.DUE
    assert state("D-13", on=BEGAN + timedelta(days=1)).status is Status.MISSED
    named = record(RecordKind.HANDLERS_NAMED, at(4, 1))
    assert state("D-13", named, on=date(2021, 6, 1)).status is Status.FULFILLED
    late = record(RecordKind.HANDLERS_NAMED, at(4, 2))
    assert state("D-13", late, on=date(2021, 6, 1)).status is Status.MISSED


def test_a_yearly_duty_is_due_at_the_end_of_the_fiscal_year() -> None:
    trained = record(RecordKind.TRAINING_HELD, at(6, 15))
    assert state("D-18", on=date(2022, 3, 31)).due_on == date(2022, 3, 31)
    assert state("D-18", on=date(2022, 4, 1)).status is Status.MISSED
    assert state("D-18", trained, on=date(2022, 3, 31)).status is Status.FULFILLED
    assert state("D-18", trained, on=date(2022, 4, 1)).status is Status.DUE
    assert state("D-18", trained, on=date(2022, 4, 1)).due_on == date(2023, 3, 31)


def test_the_ward_inspects_each_contractor_each_year() -> None:
    held = [record(RecordKind.INSPECTION_HELD, at(2, 1, 2022), f"i{n}", c) for n, c in enumerate(CONTRACTORS)]
    assert state("D-16", *held, on=date(2022, 3, 31), debtor="ward").status is Status.FULFILLED
    some = state("D-16", *held[:-1], on=date(2022, 3, 31), debtor="ward")
    assert (some.status, some.due_on) == (Status.DUE, date(2022, 3, 31))
    assert state("D-16", *held[:-1], on=date(2022, 4, 1), debtor="ward").status is Status.MISSED


def test_a_request_is_answered_by_its_day() -> None:
    asked = record(RecordKind.STATUS_REQUESTED, at(8, 1), "q1", due_on=date(2021, 8, 15))
    assert state("D-14", on=date(2021, 8, 1)).status is Status.NO_CASE
    assert state("D-14", asked, on=date(2021, 8, 15)).status is Status.DUE
    assert state("D-14", asked, on=date(2021, 8, 16)).status is Status.MISSED
    in_time = record(RecordKind.STATUS_REPORTED, at(8, 15, hour=23), "a1", answers="q1")
    assert state("D-14", asked, in_time, on=date(2021, 9, 1)).status is Status.FULFILLED
    late = record(RecordKind.STATUS_REPORTED, at(8, 16, hour=0), "a1", answers="q1")
    assert state("D-14", asked, late, on=date(2021, 9, 1)).status is Status.MISSED
    other = record(RecordKind.STATUS_REPORTED, at(8, 2), "a1", answers="q2")
    assert state("D-14", asked, other, on=date(2021, 9, 1)).status is Status.MISSED


def test_what_comes_after_the_day_is_not_known_on_it() -> None:
    asked = record(RecordKind.STATUS_REQUESTED, at(8, 1), "q1", due_on=date(2021, 8, 15))
    answered = record(RecordKind.STATUS_REPORTED, at(8, 10), "a1", answers="q1")
    assert state("D-14", asked, answered, on=date(2021, 8, 9)).status is Status.DUE


def test_an_incident_is_told_at_once_and_reported_in_writing() -> None:
    told = record(
        RecordKind.INCIDENT_NOTIFIED, at(8, 5, hour=12), "x", due_on=date(2021, 8, 19), caused_at=at(8, 5, hour=11)
    )
    written = record(RecordKind.INCIDENT_REPORTED, at(8, 10), "x/report", answers="x")
    assert state("D-19", told, on=date(2021, 8, 6)).status is Status.DUE
    assert state("D-19", told, written, on=date(2021, 8, 30)).status is Status.FULFILLED
    slow = told._replace(caused_at=at(8, 3))
    assert state("D-19", slow, written, on=date(2021, 8, 30)).status is Status.MISSED


def test_a_certificate_that_the_ward_rejects_is_no_fulfilment_until_a_better_one() -> None:
    due = record(RecordKind.ERASURE_DUE, at(4, 1), "e1", due_on=date(2021, 6, 30))
    certified = record(RecordKind.ERASURE_CERTIFIED, at(6, 30), "e1/certificate", answers="e1")
    rejected = record(RecordKind.ERASURE_CHECKED, at(7, 1), "e1/check", answers="e1/certificate", holds=False)
    accepted = record(RecordKind.ERASURE_CHECKED, at(7, 9), "e1/check2", answers="e1/certificate")
    assert state("D-12", due, certified, rejected, on=date(2021, 7, 5)).status is Status.MISSED
    assert state("D-12", due, certified, rejected, accepted, on=date(2021, 7, 10)).status is Status.FULFILLED


@pytest.mark.parametrize(
    ("holds", "status"), [(True, Status.FULFILLED), (False, Status.MISSED), (None, Status.UNCHECKED)]
)
def test_a_check_tells_how_its_duty_stands(holds: bool | None, status: Status) -> None:
    (found,) = (
        s
        for s in assess(
            (),
            [CheckResult(UC, CheckName.SEALED, holds, "as found", "確認した")],
            began=BEGAN,
            on=BEGAN,
            duties=[BY_NUMBER["C-S2"]],
        )
        if s.debtor == UC
    )
    assert (found.status, found.parts[0].evidence) == (status, ("as found",))


def test_a_check_that_was_not_made_counts_as_missed() -> None:
    assert state("C-S2", on=BEGAN).status is Status.MISSED


def test_a_duty_that_an_inspection_found_not_kept_is_missed_until_it_is_improved() -> None:
    found = record(RecordKind.INSPECTION_HELD, at(2, 1, 2022), "s", findings=(("f", "D-6"),))
    guidance = record(RecordKind.GUIDANCE_GIVEN, at(2, 10, 2022), "g", answers="f", due_on=date(2022, 3, 12))
    improved = record(RecordKind.IMPROVEMENT_REPORTED, at(3, 1, 2022), "g", answers="g")
    own = state("D-6", found, on=date(2022, 2, 1)).parts[-1]
    assert (own.status, own.evidence) == (Status.MISSED, ("inspection_held/s",))
    assert state("D-6", found, guidance, on=date(2022, 2, 20)).parts[-1].status is Status.MISSED
    done = state("D-6", found, guidance, improved, on=date(2022, 3, 2))
    assert done.parts[-1].status is Status.FULFILLED
    assert done.parts[-1].evidence == ("inspection_held/s", "guidance_given/g", "improvement_reported/g")
    assert state("D-17", found, on=date(2022, 2, 1)).status is Status.FULFILLED
    assert len(state("D-6", found, on=date(2022, 2, 1), debtor="card_agent.jcb").parts) == 2


def test_a_record_known_to_both_parties_counts_once() -> None:
    held = record(RecordKind.INSPECTION_HELD, at(2, 1, 2022))
    both = [held, held._replace(party="ward")]
    assert state("D-17", *both, on=date(2022, 3, 1)).parts[0].evidence == ("inspection_held/r1",)
