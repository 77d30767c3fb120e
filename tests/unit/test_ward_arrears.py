"""延滞金, against figures reckoned by hand and against the rules of the ward's notice."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.vocabulary import ChargeType
from services.ward.app import Settings
from services.ward.domain.arrears import ArrearsRule, Paid, arrears
from services.ward.domain.periods import last_day_of_period

RULE: ArrearsRule = Settings().arrears_rule(ChargeType.CARE_INSURANCE)
EXACT = replace(RULE, base_unit=1, least_base=0, unit=1, least=0)
DUE = date(2021, 8, 2)
amounts, days = st.integers(0, 3_000_000), st.integers(0, 1_500)
due_dates = st.dates(date(2020, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("after", "months", "last"),
    [
        (date(2021, 8, 2), 3, date(2021, 11, 2)),
        (date(2021, 8, 31), 3, date(2021, 11, 30)),
        (date(2021, 11, 30), 3, date(2022, 2, 28)),
        (date(2021, 11, 29), 3, date(2022, 2, 28)),  # February has no 30th: its last day
        (date(2023, 11, 29), 3, date(2024, 2, 29)),
        (date(2022, 1, 31), 3, date(2022, 4, 30)),
        (date(2021, 12, 31), 1, date(2022, 1, 31)),
        (date(2021, 9, 1), 24, date(2023, 9, 1)),
        (date(2021, 9, 1), 0, date(2021, 9, 1)),
    ],
)
def test_a_period_of_months_is_over_with_the_eve_of_its_day(after: date, months: int, last: date) -> None:
    """民法 143 条 2 項"""
    assert last_day_of_period(after, months) == last


@pytest.mark.parametrize(
    ("amount", "due_on", "until", "expected"),
    [
        # 100,000 × 2.5 % × 92 / 365 = 630: under ¥1,000
        (100_000, DUE, date(2021, 11, 2), 0),
        # 300,000 × 2.5 % × 92 / 365 = 1,890
        (300_000, DUE, date(2021, 11, 2), 1_800),
        # … + 300,000 × 8.8 % × 1 / 365 = 72
        (300_000, DUE, date(2021, 11, 3), 1_900),
        # 300,999 counts as 300,000
        (300_999, DUE, date(2021, 11, 3), 1_900),
        # 300,000 × (2.5 % × 92 + 8.8 % × 59 + 8.7 % × 31) / 365 = 1,890.4 + 4,267.4 + 2,216.7 = 8,374.5: a new year
        (300_000, DUE, date(2022, 1, 31), 8_300),
        # due 2024-01-31: 300,000 × (2.4 % × 90 + 8.7 % × 1) / 365 = 1,775.3 + 71.5: a leap year has 365 too
        (300_000, date(2024, 1, 31), date(2024, 5, 1), 1_800),
        # 1,000,000 × 2.4 % × 16 / 365 = 1,052.05; a day less 986.3
        (1_000_000, DUE.replace(year=2023), date(2023, 8, 18), 1_000),
        (1_000_000, DUE.replace(year=2023), date(2023, 8, 17), 0),
        # 2,000 × (24 × 92 + 87 × 1,155 + 91 × 877) / 365,000 = 1,000 exactly; a day less; and a yen less
        (2_000, DUE.replace(year=2022), date(2028, 5, 26), 1_000),
        (2_000, DUE.replace(year=2022), date(2028, 5, 25), 0),
        (1_999, DUE.replace(year=2022), date(2028, 5, 26), 0),
        (300_000, DUE, DUE, 0),
    ],
)
def test_arrears_as_reckoned_by_hand(amount: int, due_on: date, until: date, expected: int) -> None:
    assert arrears(amount, due_on, until, RULE).amount == expected


def test_the_rates_of_the_calendar_years_are_those_published() -> None:
    """特例基準割合 + 1 % and + 7.3 %, as cities and wards publish them (新宿区, 世田谷区: 介護保険料の延滞金)."""
    found = [(RULE.per_mille(year, early=True), RULE.per_mille(year, early=False)) for year in range(2018, 2028)]
    assert found == [(26, 89)] * 3 + [(25, 88)] + [(24, 87)] * 4 + [(28, 91)] * 2


def test_a_year_before_the_table_has_its_first_rates() -> None:
    assert (RULE.per_mille(2001, early=True), RULE.per_mille(2001, early=False)) == (26, 89)


def test_a_local_tax_has_the_late_rate_after_one_month() -> None:
    """地方税法 326 条"""
    rule = Settings().arrears_rule(ChargeType.RESIDENT_TAX)
    assert [s.days for s in arrears(300_000, DUE, date(2021, 9, 10), rule).stretches] == [31, 8]


def test_a_rule_of_which_nothing_is_said_is_refused() -> None:
    with pytest.raises(ValueError, match="has no value for the arrears rules road_toll"):
        Settings.model_validate({"arrears_rules": {"resident_tax": "road_toll"}})


def test_the_stretches_say_how_it_was_reckoned() -> None:
    found = arrears(300_000, DUE, date(2022, 1, 31), RULE).stretches
    assert [(s.first, s.days, s.per_mille) for s in found] == [
        (date(2021, 8, 3), 92, 25),
        (date(2021, 11, 3), 59, 88),
        (date(2022, 1, 1), 31, 87),
    ]


def test_what_was_paid_no_longer_counts_from_the_next_day_on() -> None:
    # 300,000 × 2.5 % × 60 / 365 = 1,232.9; then 100,000 × 2.5 % × 32 / 365 = 219.2
    paid = [Paid(DUE + timedelta(days=60), 200_000)]
    found = arrears(300_000, DUE, DUE + timedelta(days=92), RULE, paid)
    assert (found.amount, [(s.base, s.days) for s in found.stretches]) == (1_400, [(300_000, 60), (100_000, 32)])


def test_what_was_paid_in_time_or_too_much_bears_nothing() -> None:
    assert arrears(300_000, DUE, DUE + timedelta(days=900), RULE, [Paid(DUE, 300_000)]).amount == 0
    assert arrears(300_000, DUE, DUE + timedelta(days=900), RULE, [Paid(DUE, 900_000)]).stretches == ()


@given(amounts, due_dates, days, days)
def test_arrears_never_fall_with_time(amount: int, due_on: date, one: int, other: int) -> None:
    sooner, later = sorted((one, other))
    found = [arrears(amount, due_on, due_on + timedelta(days=n), RULE).amount for n in (sooner, later)]
    assert found == sorted(found)


@given(amounts, amounts, due_dates, days)
def test_arrears_never_fall_with_the_debt(one: int, other: int, due_on: date, late: int) -> None:
    until = due_on + timedelta(days=late)
    found = [arrears(amount, due_on, until, RULE).amount for amount in sorted((one, other))]
    assert found == sorted(found)


@given(amounts, due_dates, days)
def test_arrears_are_whole_hundreds_from_a_thousand_on_and_rest_on_whole_thousands(
    amount: int, due_on: date, late: int
) -> None:
    found = arrears(amount, due_on, due_on + timedelta(days=late), RULE)
    assert found.amount % 100 == 0
    assert found.amount == 0 or found.amount >= 1_000
    assert {s.base for s in found.stretches} <= {amount // 1_000 * 1_000}
    assert amount >= 2_000 or not found.stretches


@given(amounts, due_dates, days)
def test_every_day_after_the_due_date_counts_once(amount: int, due_on: date, late: int) -> None:
    assume(amount > 0)
    found = arrears(amount, due_on, due_on + timedelta(days=late), EXACT)
    assert sum(s.days for s in found.stretches) == late
    yearly = sum(s.per_mille * s.days for s in found.stretches) * amount
    assert found.amount == yearly // 365_000


@given(amounts, due_dates, days, st.lists(st.tuples(days, st.integers(1, 500_000)), max_size=4))
def test_paying_a_part_never_costs_more(amount: int, due_on: date, late: int, parts: list[tuple[int, int]]) -> None:
    until = due_on + timedelta(days=late)
    paid = [Paid(due_on + timedelta(days=n), part) for n, part in parts]
    assert arrears(amount, due_on, until, RULE, paid).amount <= arrears(amount, due_on, until, RULE).amount
