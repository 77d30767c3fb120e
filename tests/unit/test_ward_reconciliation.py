"""A statement is reconciled if nothing disagrees; a disagreement is named. Deposits clear the money in transit."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Settler
from services.ward.domain.ledger import Account, balances
from services.ward.domain.reconciliation import LineCounts, Reason, open_reasons
from services.ward.domain.settlement import Statement, deposit_transfers, settlement_transfers, to_book

AGREED = LineCounts(count=3, amount=9_000)
SETTLED = Statement(
    statement_id="s",
    settler=Settler.JCB,
    closed_on=date(2021, 7, 15),
    deposit_on=date(2021, 7, 30),
    total_count=3,
    total_amount=9_000,
    fee=90,
    pages=1,
    received_at=datetime(2021, 7, 16, tzinfo=UTC),
    pages_here=1,
    deposits=1,
    deposited=8_910,
)


def test_where_all_agrees_nothing_is_open() -> None:
    assert open_reasons(SETTLED, AGREED) == []


@pytest.mark.parametrize(
    ("statement", "lines", "reasons"),
    [
        (replace(SETTLED, pages=2), AGREED, [Reason.PAGES_MISSING]),
        (SETTLED, replace(AGREED, count=2), [Reason.TOTALS_DIFFER]),
        (SETTLED, replace(AGREED, amount=8_999), [Reason.TOTALS_DIFFER]),
        (SETTLED, replace(AGREED, missing=1), [Reason.RECEIPT_MISSING]),
        (SETTLED, replace(AGREED, not_confirmed=1), [Reason.RECEIPT_NOT_CONFIRMED]),
        (SETTLED, replace(AGREED, cancelled=1), [Reason.RECEIPT_CANCELLED]),
        (SETTLED, replace(AGREED, amount_differs=1), [Reason.AMOUNT_DIFFERS]),
        (SETTLED, replace(AGREED, settler_differs=1), [Reason.SETTLER_DIFFERS]),
        (SETTLED, replace(AGREED, claimed_twice=1), [Reason.CLAIMED_TWICE]),
        (replace(SETTLED, deposits=0, deposited=0), AGREED, [Reason.DEPOSIT_MISSING]),
        (replace(SETTLED, deposited=8_909), AGREED, [Reason.DEPOSIT_SHORT]),
        (replace(SETTLED, deposits=2, deposited=2 * 8_910), AGREED, [Reason.DEPOSIT_DOUBLED]),
        (replace(SETTLED, deposits=2, deposited=2 * 8_910 - 1), AGREED, [Reason.DEPOSIT_OVER]),
        (replace(SETTLED, deposited=8_911), AGREED, [Reason.DEPOSIT_OVER]),
        (replace(SETTLED, deposited=8_910 - 90), AGREED, [Reason.FEE_TWICE]),
        (replace(SETTLED, fee=0, deposited=8_910 - 90), AGREED, [Reason.DEPOSIT_SHORT]),
        (replace(SETTLED, deposited=8_910 - 90, adjusted=90), AGREED, []),
        (replace(SETTLED, deposited=9_910, adjusted=-1_000), AGREED, []),
        (replace(SETTLED, deposited=8_000, claimed=910), AGREED, [Reason.DEPOSIT_SHORT]),
        (
            replace(SETTLED, deposits=0, deposited=0, misdirected=8_910),
            AGREED,
            [Reason.DEPOSIT_MISSING, Reason.WRONG_ACCOUNT],
        ),
        (replace(SETTLED, misdirected=8_910), AGREED, []),
        (
            replace(SETTLED, deposits=0, deposited=0, overdue_since=datetime(2021, 7, 30, 6, tzinfo=UTC)),
            AGREED,
            [Reason.DEPOSIT_OVERDUE],
        ),
        (replace(SETTLED, fee=9_000, deposits=0, deposited=0), AGREED, []),
        (
            replace(SETTLED, deposits=0, deposited=0),
            replace(AGREED, missing=1, not_confirmed=2),
            [Reason.RECEIPT_MISSING, Reason.RECEIPT_NOT_CONFIRMED, Reason.DEPOSIT_MISSING],
        ),
    ],
)
def test_what_disagrees_is_named(statement: Statement, lines: LineCounts, reasons: list[Reason]) -> None:
    assert [found.reason for found in open_reasons(statement, lines)] == reasons


def test_a_reason_is_given_in_figures() -> None:
    (found,) = open_reasons(replace(SETTLED, deposited=8_000), AGREED)
    assert str(found) == "deposit_short 入金不足: ¥910: ¥8,000 came in 1 deposit, ¥8,910 was expected"


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=4), st.integers(0, 9_000))
def test_a_settled_statement_clears_its_total_from_transit_whatever_is_deposited(amounts: list[int], fee: int) -> None:
    statement = replace(SETTLED, fee=fee, deposits=0, deposited=0)
    totals: list[tuple[Account, Account, int]] = []
    for amount in amounts:
        totals += [t[:3] for t in deposit_transfers("s", Settler.JCB, amount)]
        statement = replace(statement, deposits=statement.deposits + 1, deposited=statement.deposited + amount)
        booked = to_book(statement)
        totals += [t[:3] for t in settlement_transfers(statement, booked)]
        statement = replace(statement, booked=booked)
        now = balances(totals)
        assert now[Account.IN_TRANSIT_JCB] == -9_000
        assert now[Account.SETTLEMENT_FEES] == fee
        assert now[Account.BANK_ACCOUNT] == statement.deposited
        assert now[Account.DEPOSIT_DIFFERENCES] == statement.expected - statement.deposited


def test_nothing_but_the_deposit_is_booked_until_the_statement_is_complete() -> None:
    incomplete = replace(SETTLED, pages=2)
    assert settlement_transfers(incomplete, to_book(incomplete)) == ()


def test_a_deposit_of_nothing_is_no_deposit() -> None:
    with pytest.raises(ValueError, match="must be above 0 yen"):
        deposit_transfers("s", Settler.JCB, 0)
