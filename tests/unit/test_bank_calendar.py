"""Bank business days against the published holidays, closings and due dates."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.calendar import (
    BANK_CALENDAR,
    BankCalendar,
    ClosingDays,
    HolidayShift,
    closing_date,
    due_dates,
    end_of_month,
    parse_closing_days,
)

# 内閣府「国民の祝日について」(syukujitsu.csv), typed as month/day, substitute and citizens' holidays included.
# 2020 and 2021 moved three holidays for the Olympic games (五輪特措法); 2026-09-22 is a citizens' holiday (国民の休日).
NATIONAL_HOLIDAYS = {
    2020: "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/23 7/24 8/10 9/21 9/22 11/3 11/23",
    2021: "1/1 1/11 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/22 7/23 8/8 8/9 9/20 9/23 11/3 11/23",
    2022: "1/1 1/10 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/18 8/11 9/19 9/23 10/10 11/3 11/23",
    2023: "1/1 1/2 1/9 2/11 2/23 3/21 4/29 5/3 5/4 5/5 7/17 8/11 9/18 9/23 10/9 11/3 11/23",
    2024: "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 11/3 11/4 11/23",
    2025: "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24",
    2026: "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23",
}
NEW_YEAR = {(12, 31), (1, 1), (1, 2), (1, 3)}  # 銀行法施行令第5条

days = st.dates(date(1990, 1, 1), date(2095, 12, 31))
closing_days = st.sets(st.integers(1, 31), min_size=1, max_size=4).map(lambda found: tuple(sorted(found)))


def days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


@pytest.mark.parametrize("year", NATIONAL_HOLIDAYS)
def test_banks_are_open_on_exactly_the_days_the_published_holidays_leave(year: int) -> None:
    holidays = {tuple(map(int, text.split("/"))) for text in NATIONAL_HOLIDAYS[year].split()} | NEW_YEAR
    expected = [day for day in days_of(year) if day.weekday() < 5 and (day.month, day.day) not in holidays]
    assert [day for day in days_of(year) if BANK_CALENDAR.is_open(day)] == expected


@pytest.mark.parametrize(
    ("day", "because"),
    [
        (date(2021, 7, 21), None),
        (date(2021, 7, 22), "祝日 Marine Day 海の日"),  # moved for the Olympic games
        (date(2020, 7, 24), "祝日 Sports Day スポーツの日"),
        (date(2021, 7, 19), None),  # where Marine Day would have been
        (date(2021, 8, 8), "祝日 Mountain Day 山の日"),  # a Sunday too
        (date(2021, 8, 9), "祝日 Substitute Holiday 振替休日"),
        (date(2019, 2, 23), "土曜日 Saturday"),  # no Emperor's Birthday in 2019
        (date(2021, 2, 23), "祝日 Emperor's Birthday 天皇誕生日"),
        (date(2026, 9, 22), "祝日 National Holiday 国民の休日"),
        (date(2021, 12, 31), "年末年始 bank holiday"),
        (date(2022, 1, 1), "祝日 New Year's Day 元日"),
        (date(2022, 1, 3), "年末年始 bank holiday"),
        (date(2022, 1, 4), None),
        (date(2021, 8, 1), "日曜日 Sunday"),
    ],
)
def test_a_closed_day_says_why(day: date, because: str | None) -> None:
    assert BANK_CALENDAR.closed_because(day) == because


@given(days)
def test_a_day_is_open_where_nothing_closes_it(day: date) -> None:
    assert BANK_CALENDAR.is_open(day) == (BANK_CALENDAR.closed_because(day) is None)


def test_closures_of_its_own_close_further_days() -> None:
    calendar = BankCalendar({date(2021, 8, 2): "システム移行 changeover"})
    assert calendar.closed_because(date(2021, 8, 2)) == "システム移行 changeover"
    assert calendar.next_open(date(2021, 7, 31)) == date(2021, 8, 3)
    assert BANK_CALENDAR.next_open(date(2021, 7, 31)) == date(2021, 8, 2)


@pytest.mark.parametrize("day", [date(1948, 12, 31), date(2100, 1, 1)])
def test_a_year_without_known_holidays_is_an_error_and_not_a_year_without_holidays(day: date) -> None:
    with pytest.raises(ValueError, match="known for 1949 to 2099"):
        BANK_CALENDAR.is_open(day)


@given(days)
def test_next_and_previous_open_are_the_nearest_open_days(day: date) -> None:
    after, before = BANK_CALENDAR.next_open(day), BANK_CALENDAR.previous_open(day)
    assert before <= day <= after
    assert BANK_CALENDAR.is_open(before)
    assert BANK_CALENDAR.is_open(after)
    assert (before == after) == BANK_CALENDAR.is_open(day)
    between = [before + timedelta(days=n) for n in range(1, (after - before).days)]
    assert not any(BANK_CALENDAR.is_open(d) for d in between)


@given(days, st.integers(1, 60))
def test_add_counts_the_open_days_strictly_after(day: date, n: int) -> None:
    reached = BANK_CALENDAR.add(day, n)
    assert BANK_CALENDAR.is_open(reached)
    assert BANK_CALENDAR.open_days_between(day, reached) == n
    assert BANK_CALENDAR.add(day, n + 1) == BANK_CALENDAR.add(reached, 1)


@given(days)
def test_adding_no_days_only_moves_off_a_closed_day(day: date) -> None:
    assert BANK_CALENDAR.add(day, 0) == BANK_CALENDAR.next_open(day)


def test_business_days_are_not_taken_away() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        BANK_CALENDAR.add(date(2021, 8, 2), -1)


@given(days, st.integers(1, 20))
def test_what_is_overdue_was_expected_on_a_day_that_is_over(today: date, n: int) -> None:
    since = BANK_CALENDAR.overdue_since(today, n)
    assert BANK_CALENDAR.add(since, n) < today
    assert BANK_CALENDAR.add(since + timedelta(days=1), n) >= today


def test_something_is_expected_within_a_day_at_least() -> None:
    with pytest.raises(ValueError, match="must be 1 or more, not 0"):
        BANK_CALENDAR.overdue_since(date(2021, 8, 2), 0)


@given(days)
def test_where_every_day_closes_each_is_counted_by_itself(day: date) -> None:
    assert closing_date(day, parse_closing_days("daily")) == day


def test_nine_business_days_after_a_closing_pass_over_weekends_and_holidays() -> None:
    assert BANK_CALENDAR.add(date(2021, 7, 31), 9) == date(2021, 8, 13)
    assert BANK_CALENDAR.add(date(2021, 12, 20), 9) == date(2022, 1, 4)


@given(days, days)
def test_no_open_days_lie_between_a_day_and_one_before_it(one: date, other: date) -> None:
    if one >= other:
        assert BANK_CALENDAR.open_days_between(one, other) == 0


@given(days, st.sampled_from(HolidayShift))
def test_a_shift_goes_its_way_and_leaves_open_days_alone(day: date, how: HolidayShift) -> None:
    shifted = BANK_CALENDAR.shift(day, how)
    if BANK_CALENDAR.is_open(day) or how is HolidayShift.NONE:
        assert shifted == day
    else:
        assert BANK_CALENDAR.is_open(shifted)
        assert (shifted > day) == (how is HolidayShift.FOLLOWING)


# ---- closings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "closings", "expected"),
    [
        (date(2021, 7, 10), (10, 20, 31), date(2021, 7, 10)),
        (date(2021, 7, 11), (10, 20, 31), date(2021, 7, 20)),
        (date(2021, 7, 21), (10, 20, 31), date(2021, 7, 31)),
        (date(2021, 2, 21), (10, 20, 31), date(2021, 2, 28)),
        (date(2024, 2, 29), (31,), date(2024, 2, 29)),
        (date(2021, 7, 16), (15,), date(2021, 8, 15)),
        (date(2021, 12, 16), (15,), date(2022, 1, 15)),
        (date(2021, 1, 31), (30,), date(2021, 2, 28)),
        (date(2021, 4, 30), (15, 30), date(2021, 4, 30)),
    ],
)
def test_a_payment_is_counted_by_the_first_closing_not_before_it(
    day: date, closings: ClosingDays, expected: date
) -> None:
    assert closing_date(day, closings) == expected


def closes(day: date, closings: ClosingDays) -> bool:
    """Whether a period closes on `day`, read off the definition: a day that the month lacks is its last."""
    return day.day in closings or (day == end_of_month(day.year, day.month) and max(closings) > day.day)


@given(days, closing_days)
@example(date(2021, 1, 31), (30,))
@example(date(2023, 12, 31), (29, 30))
def test_a_closing_is_the_first_day_from_the_payment_on_that_closes(day: date, closings: ClosingDays) -> None:
    ahead = (day + timedelta(days=n) for n in range(62))
    assert closing_date(day, closings) == next(d for d in ahead if closes(d, closings))


@given(days, closing_days)
def test_a_later_payment_is_never_counted_earlier(day: date, closings: ClosingDays) -> None:
    assert closing_date(day, closings) <= closing_date(day + timedelta(days=1), closings)


@pytest.mark.parametrize(
    ("text", "closings"),
    [
        ("10/20/eom", (10, 20, 31)),
        ("15/EOM", (15, 31)),
        ("eom", (31,)),
        (" 10 / 31 ", (10, 31)),
        ("05", (5,)),
    ],
)
def test_closing_days_are_read_from_text(text: str, closings: ClosingDays) -> None:
    assert parse_closing_days(text) == closings


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "closing day ''"),
        ("0", "closing day '0'"),
        ("32", "closing day '32'"),
        ("10/", "closing day ''"),
        ("10,20", "closing day '10,20'"),
        ("１０", "closing day '１０'"),
        ("20/10", "ascend"),
        ("10/10", "ascend"),
        ("31/eom", "ascend"),
    ],
)
def test_closing_days_that_cannot_be_say_which_part(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        parse_closing_days(text)


# ---- due dates -------------------------------------------------------------------------------------------


# The end of each month from July to March; where banks are closed then, the next day on which they are open
# (民法第142条).
# Reckoned from the holidays above (内閣府, 銀行法施行令第5条).
def test_the_due_dates_of_fiscal_year_2021() -> None:
    assert due_dates(2021) == (
        date(2021, 8, 2),
        date(2021, 8, 31),
        date(2021, 9, 30),
        date(2021, 11, 1),
        date(2021, 11, 30),
        date(2022, 1, 4),
        date(2022, 1, 31),
        date(2022, 2, 28),
        date(2022, 3, 31),
    )


@pytest.mark.parametrize("levy_year", range(2000, 2099))
def test_nine_due_dates_ascend_on_open_days_at_most_a_few_days_after_the_month(levy_year: int) -> None:
    due = due_dates(levy_year)
    ends = [end_of_month(levy_year, month) for month in range(7, 16)]
    assert sorted(set(due)) == list(due)
    assert all(BANK_CALENDAR.is_open(day) for day in due)
    assert all(end <= day <= end + timedelta(days=6) for end, day in zip(ends, due, strict=True))
