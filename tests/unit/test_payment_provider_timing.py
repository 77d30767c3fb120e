"""When receipt data are due, and when a network closes and deposits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar import BANK_CALENDAR
from contracts.vocabulary import (
    Method,
    business_date,
)
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.network import NetworkTerms
from services.payment_provider.domain.reporting import Reporting

NOW = datetime(2021, 8, 1, 3, 0, tzinfo=UTC)
REPORTING = Reporting(0, time(9, 0), 3, time(9, 0), {})
NETWORK = NetworkTerms("daily", time(0, 30), 2, time(10, 0), {})


def jst(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


@pytest.mark.parametrize(
    ("paid_at", "confirmed_at"),
    [
        ("2021-04-12T12:00", "2021-04-15T09:00"),  # Mon → Thu
        ("2021-04-16T23:59", "2021-04-21T09:00"),  # Fri: the weekend does not count
        ("2021-04-17T12:00", "2021-04-21T09:00"),  # Sat counts from the next open day
        ("2021-04-28T12:00", "2021-05-07T09:00"),  # over Golden Week
        ("2021-12-29T12:00", "2022-01-05T09:00"),  # over New Year: 30 Dec, 4 and 5 Jan
        ("2021-04-12T00:00", "2021-04-15T09:00"),  # a day begins at midnight of Japan
    ],
)
def test_receipt_data_is_confirmed_after_three_bank_business_days(paid_at: str, confirmed_at: str) -> None:
    assert REPORTING.confirm_at(jst(paid_at)) == jst(confirmed_at)


def test_a_payment_is_never_confirmed_before_it_was_made() -> None:
    at_once = replace(REPORTING, confirmation_business_days=0)
    assert at_once.confirm_at(jst("2021-04-12T15:00")) == jst("2021-04-12T15:00")
    assert at_once.confirm_at(jst("2021-04-12T08:00")) == jst("2021-04-12T09:00")


instants = st.timedeltas(timedelta(0), timedelta(days=2_000)).map(lambda later: NOW + later)


@given(instants, st.integers(0, 10), st.integers(0, 10))
def test_confirmations_and_deposits_fall_on_days_when_banks_are_open(paid_at: datetime, days: int, wait: int) -> None:
    reporting = Reporting(0, time(9, 0), days, time(23, 59, 59, 999_999), {})
    network = replace(NETWORK, deposit_business_days=wait)
    confirmed_on = business_date(reporting.confirm_at(paid_at))
    deposited_on = network.deposit_on(business_date(paid_at))
    assert BANK_CALENDAR.is_open(confirmed_on)
    assert BANK_CALENDAR.is_open(deposited_on)
    assert BANK_CALENDAR.open_days_between(business_date(paid_at), confirmed_on) in (days, max(days, 1))
    assert business_date(network.deposit_at(deposited_on)) == deposited_on


def test_a_day_is_totalled_half_an_hour_after_its_end() -> None:
    assert NETWORK.close_at(date(2021, 4, 30)) == jst("2021-05-01T00:30")


@pytest.mark.parametrize(
    ("delay", "told_at"),
    [
        (None, None),
        (0, "2021-04-16T20:00"),  # Friday evening, at once
        (1, "2021-04-17T09:00"),  # days of the calendar: a Saturday
        (4, "2021-04-20T09:00"),
        (5, "2021-04-21T09:00"),  # with 確報, which is three business days after
        (30, "2021-04-21T09:00"),
    ],
)
def test_a_preliminary_record_comes_after_its_delay_and_with_the_confirmation_at_the_latest(
    delay: int | None, told_at: str | None
) -> None:
    reporting = replace(REPORTING, preliminary_delay_days=delay)
    expected = None if told_at is None else jst(told_at)
    assert reporting.preliminary_at(jst("2021-04-16T20:00")) == expected


@given(instants, st.none() | st.integers(0, 60), st.integers(0, 10), st.timedeltas(timedelta(0), timedelta(days=90)))
def test_whenever_it_is_heard_of_no_record_is_planned_for_the_past(
    paid_at: datetime, delay: int | None, days: int, later: timedelta
) -> None:
    reporting = replace(REPORTING, preliminary_delay_days=delay, confirmation_business_days=days)
    plan = Channels({Method.CARD: reporting}, {}).report_times(Method.CARD, paid_at, paid_at + later)
    assert plan.confirm_at is not None
    assert plan.confirm_at >= paid_at + later
    assert (plan.preliminary_at is None) == (delay is None)
    assert plan.preliminary_at is None or paid_at + later <= plan.preliminary_at <= plan.confirm_at


@given(st.dates(date(2020, 1, 1), date(2026, 12, 31)), st.sampled_from(["daily", "10/20/eom", "15/eom", "eom", "5"]))
def test_a_period_ends_on_its_closing_day_and_is_deposited_on_a_bank_day_after_it_was_totalled(
    day: date, closing_days: str
) -> None:
    terms = replace(NETWORK, closing_days=closing_days, deposit_business_days=1)
    closed_on = terms.closes_on(day)
    assert closed_on >= day
    assert all(terms.closes_on(day + timedelta(days=n)) == closed_on for n in range((closed_on - day).days + 1))
    assert terms.closes_on(closed_on + timedelta(days=1)) > closed_on
    assert terms.deposit_at(terms.deposit_on(closed_on)) > terms.close_at(closed_on)
    assert BANK_CALENDAR.is_open(terms.deposit_on(closed_on))
