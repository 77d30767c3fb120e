"""The line of each era: its hours, and when a file that it carries has arrived."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import business_date, on_the_clock
from services.ward.domain.terminal_line import TerminalLine, TerminalLines

ISDN = TerminalLine("isdn", 8_000, time(9), time(17))
LGWAN = TerminalLine("lgwan", 1_000_000, time(8), time(21))
LINES = TerminalLines(ISDN, LGWAN, date(2021, 9, 1))
A_DAY_OF_ISDN = 8 * 3_600 * 8_000


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


def test_the_line_changes_on_the_day_that_was_set() -> None:
    assert LINES.on(date(2021, 8, 31)) is ISDN
    assert LINES.on(date(2021, 9, 1)) is LGWAN


@pytest.mark.parametrize(
    ("moment", "is_open", "opens_next"),
    [
        ("2021-08-31T08:59:59", False, "2021-08-31T09:00"),
        ("2021-08-31T09:00", True, "2021-09-01T08:00"),
        ("2021-08-31T16:59:59", True, "2021-09-01T08:00"),
        ("2021-08-31T17:00", False, "2021-09-01T08:00"),
        ("2021-08-30T20:00", False, "2021-08-31T09:00"),
    ],
)
def test_a_line_is_open_from_its_first_hour_up_to_its_last(moment: str, is_open: bool, opens_next: str) -> None:
    assert LINES.is_open(at(moment)) is is_open
    assert LINES.next_opening(at(moment)) == at(opens_next)


@pytest.mark.parametrize(
    ("begun", "size", "arrives"),
    [
        ("2021-07-01T10:00", 0, "2021-07-01T10:00"),
        ("2021-07-01T10:00", 1, "2021-07-01T10:00:01"),
        ("2021-07-01T10:00", 80_000, "2021-07-01T10:00:10"),
        ("2021-07-01T16:59:59", 8_000, "2021-07-01T17:00"),
        ("2021-07-01T16:59:59", 8_001, "2021-07-02T09:00:01"),  # goes on in the morning
        ("2021-07-01T09:00", A_DAY_OF_ISDN * 2 + 8_000, "2021-07-03T09:00:01"),
        ("2021-08-31T16:59:59", 8_000 + 5_000_000, "2021-09-01T08:00:05"),  # the rest by LGWAN
    ],
)
def test_a_file_arrives_when_the_line_has_carried_it(begun: str, size: int, arrives: str) -> None:
    assert LINES.arrival(at(begun), size) == at(arrives)


moments = st.builds(
    on_the_clock,
    st.dates(date(2021, 8, 20), date(2021, 9, 10)),
    st.builds(time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59)),
)


@given(moments, st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_larger_file_never_arrives_earlier_and_none_while_the_line_is_closed(
    begun: datetime, size: int, more: int
) -> None:
    arrived = LINES.arrival(begun, size)
    assert begun <= arrived <= LINES.arrival(begun, size + more)
    assert size == 0 or LINES.is_open(arrived - timedelta(microseconds=1))


@given(moments, st.integers(1, 10**8))
def test_what_has_arrived_was_carried_in_open_hours_alone(begun: datetime, size: int) -> None:
    arrived = LINES.arrival(begun, size)
    carried, day = 0, business_date(begun)
    while day <= business_date(arrived):
        line = LINES.on(day)
        first, last = max(begun, on_the_clock(day, line.opens)), min(arrived, on_the_clock(day, line.closes))
        carried += max(0, int((last - first).total_seconds())) * line.bytes_per_second
        day += timedelta(days=1)
    assert size <= carried < size + max(ISDN.bytes_per_second, LGWAN.bytes_per_second)
