"""代理納付の効力: since when a slip counts as paid, by both laws, day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ward.domain.deeming import (
    OLD_SCHEME_ENDS,
    TRUSTEE_FROM,
    Deeming,
    Effect,
    LegalMode,
    ProxyPayment,
    covered_on,
    deeming,
    legal_mode,
    slip_deeming,
)

LAST_OF_OLD = date(2022, 1, 3)
DAY = timedelta(days=1)
OLD, NEW = LegalMode.DESIGNATED_AGENT, LegalMode.DESIGNATED_TRUSTEE
days = st.dates(date(2021, 4, 1), date(2023, 12, 31))
choices = st.dates(LAST_OF_OLD, OLD_SCHEME_ENDS)


@st.composite
def payments(draw: st.DrawFn) -> ProxyPayment:
    approved = draw(days)
    entrusted = approved + draw(st.integers(0, 1)) * DAY
    named = entrusted + draw(st.integers(0, 60)) * DAY
    deposited = draw(st.none() | st.integers(0, 120).map(lambda n: entrusted + n * DAY))
    return ProxyPayment(draw(st.integers(1, 300_000)), approved, entrusted, named, deposited)


@pytest.mark.parametrize(
    ("entrusted_on", "old_scheme_until", "mode"),
    [
        (date(2022, 1, 3), LAST_OF_OLD, OLD),
        (date(2022, 1, 4), LAST_OF_OLD, NEW),
        (date(2022, 1, 4), OLD_SCHEME_ENDS, OLD),
        (date(2023, 3, 31), OLD_SCHEME_ENDS, OLD),
        (date(2023, 4, 1), OLD_SCHEME_ENDS, NEW),
        (date(2022, 6, 30), date(2022, 6, 30), OLD),
        (date(2022, 7, 1), date(2022, 6, 30), NEW),
        (date(2023, 4, 1), date(2030, 1, 1), NEW),  # no choice lasts longer than the law lets it
        (date(2021, 12, 31), date(2020, 1, 1), OLD),
    ],
)
def test_the_law_is_that_of_the_day_of_entrustment(entrusted_on: date, old_scheme_until: date, mode: LegalMode) -> None:
    assert legal_mode(entrusted_on, old_scheme_until) is mode


def of_old(**changes: object) -> ProxyPayment:
    """Approved before midnight, entrusted after it."""
    made = ProxyPayment(8_500, date(2021, 7, 5), date(2021, 7, 6), date(2021, 8, 2))
    return replace(made, **changes)  # type: ignore[arg-type]


def of_new(**changes: object) -> ProxyPayment:
    made = ProxyPayment(8_500, date(2022, 7, 5), date(2022, 7, 6), date(2022, 8, 2))
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("payment", "on", "expected"),
    [
        (of_old(), date(2021, 7, 4), Deeming(Effect.NOT_YET)),
        (of_old(), date(2021, 7, 5), Deeming(Effect.DEEMED, date(2021, 7, 5))),
        (of_old(), date(2021, 8, 2), Deeming(Effect.DEEMED, date(2021, 7, 5))),
        (of_old(), date(2021, 8, 3), Deeming(Effect.REVIVED)),
        (of_old(deposited_on=date(2021, 8, 2)), date(2021, 8, 3), Deeming(Effect.PAID, date(2021, 7, 5))),
        (of_old(deposited_on=date(2021, 8, 10)), date(2021, 8, 9), Deeming(Effect.REVIVED)),
        (of_old(deposited_on=date(2021, 8, 10)), date(2021, 8, 10), Deeming(Effect.PAID, date(2021, 8, 10))),
        (of_old(designated_date=None), date(2022, 1, 1), Deeming(Effect.DEEMED, date(2021, 7, 5))),
        (of_old(by_agent=False), date(2022, 1, 1), Deeming(Effect.PAID, date(2021, 7, 5))),
        (of_new(), date(2022, 7, 5), Deeming(Effect.NOT_YET)),
        (of_new(), date(2022, 7, 6), Deeming(Effect.DEEMED, date(2022, 7, 6))),
        (of_new(), date(2022, 8, 3), Deeming(Effect.AGENT_PURSUED)),
        (of_new(deposited_on=date(2022, 8, 10)), date(2022, 8, 9), Deeming(Effect.AGENT_PURSUED)),
        (of_new(deposited_on=date(2022, 8, 10)), date(2022, 8, 10), Deeming(Effect.PAID, date(2022, 7, 6))),
    ],
)
def test_each_day_of_a_payment_has_its_effect(payment: ProxyPayment, on: date, expected: Deeming) -> None:
    assert deeming(payment, on, LAST_OF_OLD) == expected


@given(payments(), choices, days)
def test_up_to_the_designated_date_it_counts_whenever_the_money_comes(p: ProxyPayment, until: date, on: date) -> None:
    assert p.designated_date is not None
    first = p.approved_on if legal_mode(p.entrusted_on, until) is OLD else p.entrusted_on
    found = deeming(p, on, until)
    if on < first:
        assert found == Deeming(Effect.NOT_YET)
    elif on <= p.designated_date:
        assert found.counts
        assert found.since == first


@given(payments(), choices, days)
def test_money_in_time_makes_it_count_for_ever(p: ProxyPayment, until: date, on: date) -> None:
    assert p.designated_date is not None
    in_time = replace(p, deposited_on=p.designated_date)
    last = deeming(in_time, max(on, p.designated_date), until)
    assert last.effect is Effect.PAID
    assert last.since == deeming(in_time, p.designated_date, until).since


@given(payments(), choices, st.integers(1, 500))
def test_after_the_designated_date_it_counts_only_once_the_money_is_there(
    p: ProxyPayment, until: date, later: int
) -> None:
    assert p.designated_date is not None
    on = p.designated_date + later * DAY
    found = deeming(p, on, until)
    has_come = p.deposited_on is not None and p.deposited_on <= on
    assert found.counts == has_come
    assert found.is_owed_by_payer == (not has_come and legal_mode(p.entrusted_on, until) is OLD)


@given(payments(), choices, st.integers(1, 500))
def test_a_cured_payment_counts_from_its_own_day_by_the_law_it_goes_by(p: ProxyPayment, until: date, late: int) -> None:
    assert p.designated_date is not None
    cured = replace(p, deposited_on=p.designated_date + late * DAY)
    assert cured.deposited_on is not None
    found = deeming(cured, cured.deposited_on, until)
    old = legal_mode(p.entrusted_on, until) is OLD
    assert found == Deeming(Effect.PAID, cured.deposited_on if old else p.entrusted_on)


yen = st.integers(1, 10_000)
lines = st.lists(yen, max_size=8).map(lambda found: [(f"p{n}", amount) for n, amount in enumerate(found)])
deposits = st.lists(st.tuples(days, yen), max_size=6).map(sorted)


@given(lines, deposits, st.integers(0, 5_000))
def test_money_covers_payments_in_order_and_never_more_than_there_is(
    listed: list[tuple[str, int]], came: list[tuple[date, int]], allowance: int
) -> None:
    found = covered_on(listed, came, allowance)
    assert list(found) == [payment_id for payment_id, _ in listed][: len(found)]
    assert list(found.values()) == sorted(found.values())
    total, covered = sum(amount for _, amount in came) + allowance, sum(dict(listed)[i] for i in found)
    assert not found or covered <= total
    if came and len(found) < len(listed):
        assert covered + listed[len(found)][1] > total


def test_what_has_come_by_a_day_does_not_depend_on_what_comes_later() -> None:
    listed = [("p0", 10), ("p1", 20)]
    assert covered_on(listed, [(LAST_OF_OLD, 10)], 0) == {"p0": LAST_OF_OLD}
    assert covered_on(listed, [(LAST_OF_OLD, 10), (TRUSTEE_FROM, 19)], 1) == {"p0": LAST_OF_OLD, "p1": TRUSTEE_FROM}
    assert covered_on(listed, [], 30) == {}


def test_a_slip_counts_as_paid_since_the_day_on_which_enough_did() -> None:
    first, second = of_old(amount=3_000), of_old(amount=5_500, approved_on=date(2021, 7, 20))
    assert slip_deeming(8_500, [second, first], date(2021, 7, 19), LAST_OF_OLD) == Deeming(Effect.NOT_YET)
    found = slip_deeming(8_500, [second, first], date(2021, 7, 20), LAST_OF_OLD)
    assert found == Deeming(Effect.DEEMED, date(2021, 7, 20))
    assert slip_deeming(8_500, [second, first], date(2021, 8, 3), LAST_OF_OLD) == Deeming(Effect.REVIVED)


def test_a_slip_paid_in_another_way_does_not_care_for_an_agent_that_fails() -> None:
    by_bank = of_old(approved_on=date(2021, 7, 30), by_agent=False)
    found = slip_deeming(8_500, [of_old(), by_bank], date(2021, 8, 3), LAST_OF_OLD)
    assert found == Deeming(Effect.PAID, date(2021, 7, 30))


def test_by_the_new_law_the_payer_owes_only_what_no_agent_is_pursued_for() -> None:
    on = date(2022, 8, 3)
    assert slip_deeming(8_500, [of_new()], on, LAST_OF_OLD) == Deeming(Effect.AGENT_PURSUED)
    assert not slip_deeming(8_500, [of_new()], on, LAST_OF_OLD).is_owed_by_payer
    assert slip_deeming(8_501, [of_new()], on, LAST_OF_OLD).is_owed_by_payer
    assert slip_deeming(8_500, [], on, LAST_OF_OLD).is_owed_by_payer
