"""Payers of all channels: the requested number, at their planned times, in opening hours; the same for one seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar import BANK_CALENDAR, due_dates
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import IN_APP, JST, Method, business_date
from services.console.payers.habits import (
    EARLIEST_DAYS,
    LATEST_DAYS,
    OPENING_HOURS,
    ORDINARY_MIX,
    Habit,
    Habits,
    channel_of,
    plan_habits,
)
from services.console.payers.plan import PlannedPayment

BARCODE = "91912345001044103000123450100021080200085001"
weights = st.floats(0, 1).filter(lambda share: share == 0 or share > 0.01)


def slips_of(payers: int, *, barcode: str | None = BARCODE, use_by_days: int | None = 180) -> list[SlipView]:
    return [
        SlipView(
            slip_number=f"{payer:012d}{n:09d}",
            insured_number=f"{payer:010d}",
            levy_year=2021,
            instalment=n,
            amount=8_500,
            due_on=due_on,
            use_by=None if use_by_days is None else due_on + timedelta(days=use_by_days),
            barcode=barcode,
            human_readable=None,
            outstanding=8_500,
        )
        for payer in range(payers)
        for n, due_on in enumerate(due_dates(2021), 1)
    ]


SLIPS = slips_of(40)


def only(habit: Habit, method: Method = Method.CONVENIENCE_STORE) -> Habits:
    return Habits({method: 1.0}, {habit: 1.0})


def by_slip(planned: list[PlannedPayment]) -> dict[str, list[PlannedPayment]]:
    found: defaultdict[str, list[PlannedPayment]] = defaultdict(list)
    for payment in planned:
        found[payment.slip.slip_number].append(payment)
    return found


@given(
    st.dictionaries(st.sampled_from(Method), weights, min_size=1).filter(lambda mix: sum(mix.values()) > 0),
    st.dictionaries(st.sampled_from(Habit), weights, min_size=1).filter(lambda when: sum(when.values()) > 0),
    st.integers(0, 2**32),
)
def test_every_payment_is_on_a_full_minute_while_its_channel_is_open(
    mix: dict[Method, float], when: dict[Habit, float], seed: int
) -> None:
    planned = plan_habits(SLIPS[:90], Habits(mix, when), seed)
    assert planned == plan_habits(list(reversed(SLIPS[:90])), Habits(mix, when), seed)
    assert planned == sorted(planned, key=lambda p: p.at)
    for payment in planned:
        hours, at = OPENING_HOURS[payment.method], payment.at.astimezone(JST)
        assert (at.second, at.microsecond) == (0, 0)
        assert hours.opens <= at.time()
        assert hours.closes.hour == 0 or at.time() < hours.closes
        assert BANK_CALENDAR.is_open(at.date()) or not hours.on_bank_days_only
        assert (payment.card_number is not None) == (payment.method is Method.CARD)
    for paid in by_slip(planned).values():
        assert len({p.method for p in paid}) == len(paid) <= 2
        assert len([p for p in paid if p.method in IN_APP]) <= 1, "the app takes a slip once"


@pytest.mark.parametrize(
    ("habit", "first", "last"),
    [(Habit.EARLY, -EARLIEST_DAYS, -1), (Habit.ON_THE_DAY, 0, 0), (Habit.LATE, 1, LATEST_DAYS)],
)
def test_a_habit_says_when(habit: Habit, first: int, last: int) -> None:
    planned = plan_habits(SLIPS, only(habit), seed=1)
    days = [(business_date(p.at) - p.slip.due_on).days for p in planned]
    assert len(days) == len(SLIPS)
    assert (min(days), max(days)) == (first, last)


def test_who_never_pays_never_pays_and_who_pays_twice_uses_two_channels() -> None:
    assert plan_habits(SLIPS, only(Habit.NEVER), seed=1) == []
    planned = by_slip(plan_habits(SLIPS, Habits(ORDINARY_MIX, {Habit.TWICE: 1.0}), seed=1))
    assert len(planned) == len(SLIPS)
    assert {len(paid) for paid in planned.values()} == {2}
    alone = by_slip(plan_habits(SLIPS, only(Habit.TWICE), seed=1))
    assert {tuple(p.method for p in paid) for paid in alone.values()} == {
        (Method.CONVENIENCE_STORE, Method.BANK_COUNTER)
    }


def test_direct_debit_is_on_the_due_date_whatever_the_habit() -> None:
    for habit in (Habit.EARLY, Habit.LATE, Habit.NEVER):
        planned = plan_habits(SLIPS, only(habit, Method.DIRECT_DEBIT), seed=1)
        assert [business_date(p.at) for p in planned] == sorted(slip.due_on for slip in SLIPS)


@pytest.mark.parametrize("without", [{"barcode": None}, {"use_by_days": 0}])
def test_a_slip_that_the_till_would_refuse_goes_to_a_bank_s_counter(without: dict[str, None]) -> None:
    planned = plan_habits(slips_of(5, **without), only(Habit.LATE), seed=1)
    assert {p.method for p in planned} == {Method.BANK_COUNTER}


def test_payers_are_shared_out_as_the_mix_says() -> None:
    used = Counter(channel_of(f"{n:010d}", ORDINARY_MIX, seed=1) for n in range(5_000))
    total = sum(ORDINARY_MIX.values())
    for method, share in ORDINARY_MIX.items():
        assert abs(used[method] / 5_000 - share / total) < 0.02


@pytest.mark.parametrize("wrong", [{}, {Method.CARD: 0.0}, {Method.CARD: 1.0, Method.COUNTER: -0.1}])
def test_weights_that_say_nothing_are_refused(wrong: dict[Method, float]) -> None:
    with pytest.raises(ValueError, match="the weights of mix must not be negative"):
        plan_habits(SLIPS, Habits(wrong), seed=1)


def test_another_seed_is_another_crowd() -> None:
    habits = Habits()
    assert plan_habits(SLIPS, habits, seed=1) != plan_habits(SLIPS, habits, seed=2)
    assert business_date(plan_habits(SLIPS, habits, seed=1)[0].at) >= date(2021, 7, 1)
