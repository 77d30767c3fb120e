"""督促: the day of a reminder, and when it has crossed a payment (行き違い)."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar import BANK_CALENDAR, HolidayShift, due_dates
from services.ward.app import Settings
from services.ward.domain.reminders import ReminderRule, crossed

RULE: ReminderRule = Settings().reminder_rule
DAYS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
RULES = st.builds(ReminderRule, st.integers(1, 60), st.just(time(9)), st.sampled_from(HolidayShift))


def test_the_reminders_of_a_fiscal_year_go_out_on_nine_business_days_within_twenty_days() -> None:
    levied = date(2021, 6, 1)
    found = [RULE.remind_on(due_on, levied) for due_on in due_dates(2021)]
    assert found == [
        date(2021, 8, 20),
        date(2021, 9, 17),
        date(2021, 10, 20),
        date(2021, 11, 19),
        date(2021, 12, 20),
        date(2022, 1, 24),
        date(2022, 2, 18),
        date(2022, 3, 18),
        date(2022, 4, 20),
    ]


@pytest.mark.parametrize(
    ("shift", "day"),
    [
        (HolidayShift.PRECEDING, date(2021, 8, 20)),
        (HolidayShift.NONE, date(2021, 8, 22)),
        (HolidayShift.FOLLOWING, date(2021, 8, 23)),
    ],
)
def test_a_day_on_which_banks_are_closed_is_shifted_as_the_setting_says(shift: HolidayShift, day: date) -> None:
    assert ReminderRule(20, time(9), shift).remind_on(date(2021, 8, 2), date(2021, 7, 1)) == day


def test_a_debt_levied_after_its_due_date_is_reminded_of_from_then_on() -> None:
    assert RULE.remind_on(date(2021, 8, 2), date(2021, 12, 1)) == date(2021, 12, 21)


def test_a_reminder_is_never_due_before_anybody_knows_of_the_debt() -> None:
    friday = date(2021, 8, 20)
    assert ReminderRule(1, time(9), HolidayShift.PRECEDING).remind_on(friday, friday) == date(2021, 8, 23)


@given(RULES, DAYS, DAYS)
def test_the_day_is_after_the_debt_is_known(rule: ReminderRule, due_on: date, known: date) -> None:
    day = rule.remind_on(due_on, known)
    assert day > known
    if rule.holiday_shift is HolidayShift.PRECEDING and max(due_on, known) < day:
        latest = max(max(due_on, known) + timedelta(days=rule.days), BANK_CALENDAR.add(known, 1))
        assert day <= latest


def test_a_reminder_goes_out_when_all_of_its_hour_is_known() -> None:
    hour = datetime.fromisoformat("2021-08-20T09:00:00+09:00")
    assert hour < RULE.sent_at(date(2021, 8, 20)) < hour + timedelta(seconds=1)


def test_a_reminder_crosses_what_was_paid_before_and_seen_after() -> None:
    first, second, third = (datetime.fromisoformat(f"2021-08-{day}T09:00:00+09:00") for day in (18, 20, 23))
    assert crossed(paid_at=first, sent_at=second, visible_at=third)
    assert not crossed(paid_at=second, sent_at=first, visible_at=third)
    assert not crossed(paid_at=first, sent_at=third, visible_at=second)
    assert not crossed(paid_at=second, sent_at=second, visible_at=third)
