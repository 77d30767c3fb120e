"""Receipt files: which day's is due, its name, its retention, and which session may fetch it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payment_provider.domain.receipt_files import FileTerms
from services.payment_provider.domain.terminal_access import Admission, TerminalCredentials, TerminalTerms

TERMS = FileTerms("fixed", time(1), False, "SHUNO", timedelta(days=60), "00680", {})
DAILY = replace(TERMS, when_empty=True)
ACCESS = TerminalTerms("ward-terminal", "correct horse", "", timedelta(hours=1), b"secret")
SHOWN = TerminalCredentials("c" * 64, "ward-terminal", "correct horse")
NOON = datetime(2021, 7, 12, 3, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2021-07-13T00:59:59", date(2021, 7, 11)),
        ("2021-07-13T01:00", date(2021, 7, 12)),
        ("2021-07-13T23:59", date(2021, 7, 12)),
    ],
)
def test_a_days_file_is_due_at_the_hour_agreed_of_the_next_day(now: str, day: date) -> None:
    assert TERMS.last_day_due(at(now)) == day
    assert TERMS.made_on(day) <= at(now) < TERMS.made_on(day + timedelta(days=1))


@pytest.mark.parametrize(
    ("terms", "unfiled", "filed", "day"),
    [
        (TERMS, None, None, None),
        (TERMS, 10, None, 10),
        (TERMS, 12, 9, 12),
        (TERMS, 13, 9, None),
        (TERMS, None, 9, None),
        (DAILY, None, None, None),
        (DAILY, None, 9, 10),
        (DAILY, 12, 9, 10),
        (DAILY, 9, 11, 9),  # late
        (DAILY, 13, 12, None),
    ],
)
def test_the_next_file_is_of_the_earliest_day_that_lacks_one(
    terms: FileTerms, unfiled: int | None, filed: int | None, day: int | None
) -> None:
    def july(number: int | None) -> date | None:
        return None if number is None else date(2021, 7, number)

    assert terms.next_day(july(unfiled), july(filed), at("2021-07-13T12:00")) == july(day)


def test_a_file_is_called_by_its_day_and_a_further_one_has_its_number() -> None:
    assert TERMS.name(date(2021, 7, 12), 1) == "SHUNO20210712.txt"
    assert replace(TERMS, layout="csv").name(date(2021, 7, 12), 3) == "SHUNO20210712-3.csv"
    assert TERMS.kept_until(date(2021, 7, 12)) == at("2021-09-11T01:00")


def test_a_session_holds_until_its_end_for_the_one_who_opened_it() -> None:
    session, until = ACCESS.open_session(SHOWN, NOON)
    shown = replace(SHOWN, session=session)
    assert until == NOON + timedelta(hours=1)
    assert ACCESS.admit_again(shown, until - timedelta(seconds=1)) is Admission.ADMITTED
    assert ACCESS.admit_again(shown, until) is Admission.SESSION_EXPIRED
    assert ACCESS.admit_again(replace(shown, certificate="d" * 64), NOON) is Admission.NOT_LOGGED_IN
    assert ACCESS.admit_again(replace(shown, password="other"), NOON) is Admission.WRONG_USER_OR_PASSWORD
    assert replace(ACCESS, secret=b"other").admit_again(shown, NOON) is Admission.NOT_LOGGED_IN


@given(st.text(max_size=100))
def test_no_made_up_session_is_one(session: str) -> None:
    assert ACCESS.admit_again(replace(SHOWN, session=session), NOON) is Admission.NOT_LOGGED_IN


@given(st.integers(0, 10**10))
def test_a_session_cannot_be_prolonged_by_hand(seconds: int) -> None:
    session, until = ACCESS.open_session(SHOWN, NOON)
    forged = f"{seconds}.{session.partition('.')[2]}"
    expected = Admission.ADMITTED if seconds == int(until.timestamp()) else Admission.NOT_LOGGED_IN
    assert ACCESS.admit_again(replace(SHOWN, session=forged), NOON) is expected
