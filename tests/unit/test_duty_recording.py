"""Which record each message about protection is, and when simulated staff do what is owed."""

from __future__ import annotations

from datetime import date, time

import pytest

from contracts.duties.assessing import DutyRecord
from contracts.duties.duty import RecordKind
from contracts.duties.recording import ANSWERS, ASKED_BY, KINDS, findings_in, record_of, shown_by
from contracts.events import CONTRACTOR_EVENTS, WARD_EVENTS, AccessLogCheckpointed, ErasureCertified
from contracts.parties import WARD
from contracts.vocabulary import HandlerRole, on_the_clock
from services.chassis.duties import behaviour
from services.chassis.duties.terms import DutyTerms, day_of_month
from services.chassis.settings import ServiceSettings
from tests.duty_letters import AT, MESSAGES, REGISTER, UC

TERMS = DutyTerms(True, frozenset(), 6, 14, 3)


def record(kind: RecordKind) -> DutyRecord:
    return REGISTER[kind].record


def test_every_message_is_a_record_of_a_kind_of_its_own() -> None:
    assert set(KINDS) == {*CONTRACTOR_EVENTS, *WARD_EVENTS, AccessLogCheckpointed}
    assert set(KINDS.values()) == set(RecordKind) - {RecordKind.ERASURE_DUE}
    assert {event.TYPE.split(".")[2]: kind for event, kind in KINDS.items()} == {
        kind.value: kind for kind in KINDS.values()
    }


@pytest.mark.parametrize("event", MESSAGES, ids=lambda event: type(event).__name__)
def test_a_record_is_the_same_in_both_registers(event: ErasureCertified) -> None:
    own, wards = record_of(event.contractor, event), record_of(WARD, event)
    assert own._replace(party="") == wards._replace(party="")
    assert (own.party, wards.party) == (event.contractor, WARD)


def test_a_record_has_the_dates_and_the_cause_of_its_message() -> None:
    incident = record(RecordKind.INCIDENT_NOTIFIED)
    assert (incident.record_id, incident.at, incident.caused_at) == ("i1", AT, AT)
    assert incident.due_on == date(2021, 8, 19)
    assert record(RecordKind.INCIDENT_REPORTED).answers == "i1"
    certificate, check = record(RecordKind.ERASURE_CERTIFIED), record(RecordKind.ERASURE_CHECKED)
    assert (certificate.record_id, certificate.answers) == ("e1/1", "e1")
    assert (check.answers, check.holds) == ("e1", False)
    assert record(RecordKind.ACCESS_LOG_CHECKPOINTED).at == on_the_clock(date(2021, 8, 5), time.max)


def test_the_findings_of_an_inspection_are_part_of_its_record() -> None:
    inspection = REGISTER[RecordKind.INSPECTION_HELD]
    assert inspection.record.findings == (("f1", "D-18"),)
    assert findings_in(RecordKind.INSPECTION_HELD, inspection.content) == inspection.record.findings
    assert findings_in(RecordKind.TRAINING_HELD, {}) == ()


def test_what_is_owed_and_what_answers_it_follow_from_the_duties() -> None:
    assert ANSWERS == {
        RecordKind.STATUS_REQUESTED: RecordKind.STATUS_REPORTED,
        RecordKind.INCIDENT_NOTIFIED: RecordKind.INCIDENT_REPORTED,
        RecordKind.GUIDANCE_GIVEN: RecordKind.IMPROVEMENT_REPORTED,
        RecordKind.DAMAGES_CLAIMED: RecordKind.DAMAGE_MADE_GOOD,
        RecordKind.ERASURE_DUE: RecordKind.ERASURE_CERTIFIED,
    }
    assert ASKED_BY[RecordKind.BREACH_PUBLISHED] is RecordKind.GUIDANCE_GIVEN


@pytest.mark.parametrize(
    ("kind", "debtor", "some"),
    [
        (RecordKind.HANDLERS_NAMED, UC, {"D-13", "C-O2"}),
        (RecordKind.TRAINING_HELD, UC, {"D-1", "D-18"}),
        (RecordKind.IMPROVEMENT_REPORTED, UC, {"D-20"}),
        (RecordKind.ERASURE_CERTIFIED, UC, {"D-11", "D-12", "C-O3"}),
        (RecordKind.INSPECTION_HELD, WARD, {"D-15", "D-16"}),
    ],
)
def test_the_duties_that_a_kind_of_record_shows(kind: RecordKind, debtor: str, some: set[str]) -> None:
    assert some <= set(shown_by(kind, debtor))


def test_the_damages_are_no_duty_of_the_ward() -> None:
    assert list(shown_by(RecordKind.DAMAGE_MADE_GOOD, WARD)) == []


@pytest.mark.parametrize(
    ("due_on", "done_on"),
    [
        (date(2021, 8, 19), date(2021, 8, 16)),
        (date(2021, 8, 4), date(2021, 7, 30)),  # three days before is a Sunday
        (date(2022, 1, 4), date(2021, 12, 30)),  # and new year
    ],
)
def test_staff_do_what_is_owed_on_a_business_day_before(due_on: date, done_on: date) -> None:
    assert TERMS.done_at(due_on) == on_the_clock(done_on, time(10))


def test_a_month_of_a_fiscal_year_after_new_year_is_in_the_next_calendar_year() -> None:
    assert day_of_month(2021, 4) == on_the_clock(date(2021, 4, 1), time(10))
    assert day_of_month(2021, 5) == on_the_clock(date(2021, 5, 6), time(10))
    assert day_of_month(2021, 2) == on_the_clock(date(2022, 2, 1), time(10))


@pytest.mark.parametrize("seed", range(20))
def test_made_up_handlers_have_one_responsible_person_and_names_of_their_own(seed: int) -> None:
    people = behaviour.handlers(seed, UC, ("与信", "精算", "保守"))
    assert [person.role for person in people] == [HandlerRole.RESPONSIBLE, *[HandlerRole.HANDLER] * 3]
    assert len({person.name for person in people}) == len(people)
    assert people == behaviour.handlers(seed, UC, ("与信", "精算", "保守"))


def test_another_seed_or_party_has_other_people() -> None:
    tasks = ("与信",)
    teams = [behaviour.handlers(seed, party, tasks) for seed in range(5) for party in (UC, WARD)]
    assert len({tuple(person.name for person in team) for team in teams}) > 5


def test_the_courses_take_turns() -> None:
    assert len({behaviour.course(year) for year in range(2021, 2024)}) == len(behaviour.COURSES)


def test_neglected_duties_are_read_by_their_numbers() -> None:
    settings = ServiceSettings(duties_neglected=" D-13,D-18 ")
    assert DutyTerms.of(settings).neglected == {"D-13", "D-18"}
    with pytest.raises(ValueError, match="no duties of the contract: D-99"):
        ServiceSettings(duties_neglected="D-13,D-99")
