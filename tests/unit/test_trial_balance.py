"""試算表: balances at the end of a day, and debts between parties by the books of each side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import topics
from contracts.books import Books, TransferRow
from contracts.parties import PARTIES
from contracts.vocabulary import Agent
from services.console.books.trial_balance import Debt, position

UC = topics.card_agent(Agent.UC)
FIRST = date(2021, 4, 1)
DAYS = st.integers(0, 30).map(lambda n: FIRST + timedelta(days=n))
ACCOUNTS = ("bank_account", "in_transit_uc", "premium_receivable", "premium_revenue")
TRANSFERS = st.lists(
    st.builds(
        TransferRow, st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS), st.integers(1, 300_000), st.just("s"), DAYS
    )
)


def books_of(ward: Sequence[TransferRow] = (), uc: Sequence[TransferRow] = ()) -> dict[str, Books]:
    empty = {principal: Books(principal) for principal in PARTIES}
    return empty | {topics.WARD: Books(topics.WARD, transfers=ward), UC: Books(UC, transfers=uc)}


def wards(books: dict[str, Books], on: date) -> dict[str, int]:
    (found,) = [t for t in position(books, on).trial_balances if t.party == topics.WARD]
    assert found.debits == found.credits
    return dict(found.balances)


@given(TRANSFERS, DAYS, DAYS)
def test_two_days_differ_by_what_was_booked_between_them(booked: list[TransferRow], one: date, other: date) -> None:
    earlier, later = sorted((one, other))
    before, after = (wards(books_of(ward=booked), day) for day in (earlier, later))
    between = [t for t in booked if earlier < t.on <= later]
    for account in ACCOUNTS:
        moved = sum(t.amount for t in between if t.debit == account)
        moved -= sum(t.amount for t in between if t.credit == account)
        assert after.get(account, 0) - before.get(account, 0) == moved


@given(TRANSFERS)
def test_without_a_day_it_is_the_last_one_on_which_anything_is_booked(booked: list[TransferRow]) -> None:
    found = position(books_of(ward=booked))
    assert found.on == max((t.on for t in booked), default=None)
    assert found.on is None or found == position(books_of(ward=booked), found.on)


def test_nothing_is_owed_before_anything_is_booked() -> None:
    booked = [TransferRow("premium_receivable", "premium_revenue", 8_500, "slip", FIRST)]
    before = position(books_of(ward=booked), FIRST - timedelta(days=1))
    assert before.debts == []
    assert not any(t.balances for t in before.trial_balances)


def test_a_debt_is_told_by_the_books_of_both_sides() -> None:
    accepted = TransferRow("due_from_card_company", "owed_to_ward", 8_500, "payment", FIRST)
    booked = TransferRow("in_transit_uc", "premium_receivable", 8_500, "payment", FIRST + timedelta(days=1))
    books = books_of(ward=[booked], uc=[accepted])
    untold, known = (
        [d for d in position(books, day).debts if d.debtor == UC] for day in (FIRST, FIRST + timedelta(days=1))
    )
    assert untold == [Debt(UC, topics.WARD, "received_not_deposited", 8_500, 0)]
    assert not untold[0].agrees
    assert known == [replace(untold[0], at_creditor=8_500)]
    assert known[0].agrees


def test_what_only_one_side_keeps_agrees_with_nobody() -> None:
    levied = TransferRow("premium_receivable", "premium_revenue", 8_500, "slip", FIRST)
    assert position(books_of(ward=[levied])).debts == [Debt("payers", topics.WARD, "levied_not_received", None, 8_500)]


@pytest.mark.parametrize(
    ("debit", "credit", "owed"),
    [
        ("deposit_differences", "in_transit_uc", Debt("settlers", topics.WARD, "deposited_too_little", None, 600)),
        ("bank_account", "deposit_differences", Debt(topics.WARD, "settlers", "deposited_too_much", 600, None)),
        ("claims_on_settlers", "bank_account", Debt("settlers", topics.WARD, "shortfalls_claimed", None, 600)),
        ("bank_account", "unknown_receipts", Debt(topics.WARD, "payers", "received_for_unknown_slips", 600, None)),
        ("bank_account", "overpayments", Debt(topics.WARD, "payers", "overpaid", 600, None)),
        ("overpayments", "refunds_payable", None),
        ("repayment_claims", "bank_account", Debt("payers", topics.WARD, "to_be_given_back", None, 600)),
    ],
)
def test_what_does_not_agree_or_was_paid_too_much_is_a_debt_too(debit: str, credit: str, owed: Debt | None) -> None:
    booked = TransferRow(debit, credit, 600, "s", FIRST)
    found = [d for d in position(books_of(ward=[booked])).debts if d.code != "received_not_deposited"]
    assert found == ([] if owed is None else [owed])


def test_a_day_after_the_last_booking_is_known_to_be_one() -> None:
    booked = TransferRow("bank_account", "premium_revenue", 600, "s", FIRST)
    later = position(books_of(ward=[booked]), FIRST + timedelta(days=9))
    assert (later.on, later.booked_until) == (FIRST + timedelta(days=9), FIRST)


def test_books_that_are_missing_are_named() -> None:
    with pytest.raises(LookupError, match=r"the books of ward are missing"):
        position({p: b for p, b in books_of().items() if p != topics.WARD})
