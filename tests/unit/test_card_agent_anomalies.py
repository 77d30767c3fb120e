"""What an anomaly does to a statement and to its deposits; whatever it is, the agent's own parts add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar import BANK_CALENDAR, HolidayShift
from contracts.vocabulary import Brand, SettlementAnomaly, Yen
from services.card_agent.behaviour import OTHER_ACCOUNT, Anomalies, Anomaly, Order, orders, statement_of
from services.card_agent.domain.settlement import WHOLE, CountedPayment, parts, total
from services.card_agent.domain.terms import AgentTerms, DepositSplit, DesignatedDateRule, FeeBasis, Terms

K = SettlementAnomaly
agreed = st.builds(
    AgentTerms,
    brands=st.just((Brand.VISA, Brand.MASTERCARD)),
    closing_days=st.sampled_from(["eom", "15/eom", "10/20/eom", "5/10/15/20/25/eom"]),
    deposit_business_days=st.integers(1, 20),
    holiday_shift=st.sampled_from(HolidayShift),
    fee_basis=st.sampled_from(FeeBasis),
    fee_per_mille=st.integers(0, 999),
    deposit_split=st.sampled_from(DepositSplit),
    designated_date_rule=st.sampled_from(DesignatedDateRule),
    designated_date_business_days=st.integers(0, 20),
)
terms = st.builds(Terms, agreed, st.just(time(0, 30)), st.just(time(10)))
closings = st.lists(st.tuples(st.integers(1, 300_000), st.sampled_from(Brand)), max_size=12).map(
    lambda found: [CountedPayment(f"p{n:02}", Yen(amount), brand) for n, (amount, brand) in enumerate(found)]
)
anomalies = st.dictionaries(st.sampled_from(K), st.integers(1, 400_000), max_size=4).map(
    lambda found: {kind: Anomaly(kind, yen) for kind, yen in found.items()}
)


def of(*asked: Anomaly) -> Anomalies:
    return {a.kind: a for a in asked}


def whole(amount: int, fee: int = 0) -> Sequence[Order]:
    return [Order(WHOLE, amount - fee, amount - fee)]


NET = Terms(AgentTerms((Brand.VISA,), "eom", 5, fee_basis=FeeBasis.NET, fee_per_mille=10), time(0, 30), time(10))
LINES = [CountedPayment("p1", Yen(10_000), Brand.VISA), CountedPayment("p2", Yen(20_000), Brand.VISA)]


@given(terms, closings)
def test_the_parts_of_a_closing_add_up_to_it_to_the_yen(t: Terms, lines: list[CountedPayment]) -> None:
    found = parts(lines, t)
    assert sum(part.amount for part in found) == total(lines)
    assert all(part.fee == t.fee(part.amount) and 0 < part.due <= part.amount for part in found)
    by_brand = t.agreed.deposit_split is DepositSplit.BRAND
    assert len(found) == (len({line.brand for line in lines}) if by_brand else min(1, len(lines)))
    assert [part.name for part in found] == sorted(part.name for part in found)


@given(terms, st.dates(date(2010, 1, 1), date(2026, 12, 31)))
def test_a_designated_date_is_an_open_day_that_is_not_before_the_deposit(t: Terms, day: date) -> None:
    deposit_on = t.deposit_on(t.closes_on(day))
    named = t.designated_date(deposit_on)
    assert deposit_on <= named
    assert BANK_CALENDAR.is_open(named)
    if t.agreed.designated_date_rule is DesignatedDateRule.AFTER_DEPOSIT:
        assert BANK_CALENDAR.open_days_between(deposit_on, named) == t.agreed.designated_date_business_days


@given(terms, closings)
def test_without_an_anomaly_all_is_stated_and_paid_as_it_is(t: Terms, lines: list[CountedPayment]) -> None:
    statement = statement_of(lines, {}, "unknown")
    assert (statement.listed, statement.counted, statement.met) == (lines, lines, {})
    due = parts(statement.counted, t)
    assert orders(due, {}) == [Order(part.name, part.due, part.due) for part in due]


@given(terms, closings, anomalies)
def test_the_agent_believes_what_its_statement_says_whatever_it_pays(
    t: Terms, lines: list[CountedPayment], asked: Anomalies
) -> None:
    statement = statement_of(lines, asked, "unknown")
    due = parts(statement.counted, t)
    made = orders(due, asked)
    assert sum(order.believed for order in made) == sum(part.due for part in due)
    assert all(order.paid >= 0 for order in made)
    assert {line.payment_id for line in statement.listed} <= {line.payment_id for line in statement.counted}
    assert all(kind in asked for kind in statement.met)
    missing = {line.payment_id for line in lines} - {line.payment_id for line in statement.listed}
    assert len(missing) == sum(kind in statement.met for kind in (K.PAYMENT_LEFT_OUT, K.LINE_OMITTED))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Anomaly(K.DEPOSIT_SHORT, 300), [Order(WHOLE, 29_700, 29_400)]),
        (Anomaly(K.DEPOSIT_OVER, 300), [Order(WHOLE, 29_700, 30_000)]),
        (Anomaly(K.FEE_TWICE), [Order(WHOLE, 29_700, 29_400)]),
        (Anomaly(K.DEPOSIT_MISSING), [Order(WHOLE, 29_700, 0)]),
        (Anomaly(K.WRONG_ACCOUNT), [Order(WHOLE, 29_700, 29_700, OTHER_ACCOUNT)]),
        (Anomaly(K.DEPOSIT_LATE, business_days=4), [Order(WHOLE, 29_700, 29_700, business_days_late=4)]),
        (Anomaly(K.DEPOSIT_DOUBLED), [Order(WHOLE, 29_700, 29_700), Order(f"{WHOLE}/again", 0, 29_700)]),
        (Anomaly(K.DEPOSIT_SHORT, 1_000_000), [Order(WHOLE, 29_700, 0)]),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Anomaly) else "",
)
def test_each_anomaly_of_a_deposit_does_what_it_is_named_after(asked: Anomaly, expected: list[Order]) -> None:
    assert orders(parts(LINES, NET), of(asked)) == expected


def test_anomalies_of_one_closing_add_up() -> None:
    both = of(Anomaly(K.DEPOSIT_SHORT, 300), Anomaly(K.DEPOSIT_LATE, business_days=2))
    assert orders(parts(LINES, NET), both) == [Order(WHOLE, 29_700, 29_400, business_days_late=2)]


def test_a_payment_left_out_is_neither_listed_nor_counted() -> None:
    statement = statement_of(LINES, of(Anomaly(K.PAYMENT_LEFT_OUT)), "unknown")
    assert (statement.listed, statement.counted) == (LINES[1:], LINES[1:])
    assert statement.met == {K.PAYMENT_LEFT_OUT: LINES[0]}


def test_a_line_omitted_is_counted_all_the_same() -> None:
    statement = statement_of(LINES, of(Anomaly(K.LINE_OMITTED, payment_id="p2")), "unknown")
    assert (statement.listed, statement.counted) == (LINES[:1], LINES)


def test_an_unknown_payment_is_listed_and_counted() -> None:
    statement = statement_of(LINES, of(Anomaly(K.UNKNOWN_PAYMENT, 700)), "unknown")
    assert statement.listed == statement.counted
    assert total(statement.counted) == 30_700
    assert statement.met[K.UNKNOWN_PAYMENT].payment_id == "unknown"


@pytest.mark.parametrize("kind", [K.PAYMENT_LEFT_OUT, K.LINE_OMITTED])
def test_a_payment_that_the_closing_does_not_count_cannot_be_left_out(kind: SettlementAnomaly) -> None:
    statement = statement_of(LINES, of(Anomaly(kind, payment_id="p9")), "unknown")
    assert (statement.listed, statement.counted, statement.met) == (LINES, LINES, {})


def test_the_only_line_of_a_statement_is_not_omitted() -> None:
    assert statement_of(LINES[:1], of(Anomaly(K.LINE_OMITTED)), "unknown").met == {}
