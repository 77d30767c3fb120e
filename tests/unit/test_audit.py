"""The audit: agreeing books conserve; each thing that can go wrong is found, by name and by yen."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.books import Books, ProxyPaymentRow, TransferRow
from services.console.books.audit import Finding, audit
from tests.unit.agreeing_books import (
    BANK_DEPOSIT,
    BANK_LINE,
    BANK_STATEMENT,
    JCB,
    JCB_CLOSES_ON,
    PAID_ON,
    PAYMENTS,
    PROVIDER,
    RECEIPTS,
    TRANSFERS,
    UC,
    UC_CLOSED_ON,
    UC_DEPOSIT,
    UC_LINE,
    UC_STATEMENT,
    WARD,
    agreeing_books,
    with_rows,
)

BY_CARD, BY_BANK, NOT_CLOSED, _, WITHDRAWN, _ = PAYMENTS
TAKEN_ON = ProxyPaymentRow("by-card", "uc", 8_500, "taken_on", UC_CLOSED_ON)


def changed(*principals: str, **rows: object) -> dict[str, Books]:
    return with_rows(agreeing_books(), principals, **rows)


def everywhere(changes: dict[str, tuple[object, ...]]) -> dict[str, Books]:
    """Rows of the UC agent with which the ward's rows agree, so that only the settler is wrong."""
    own = {kind: tuple(row for row in rows if "bank" not in str(row)) for kind, rows in changes.items()}
    return with_rows(with_rows(agreeing_books(), (UC,), **own), (WARD,), **changes)


def test_agreeing_books_conserve() -> None:
    found = audit(agreeing_books())
    assert found.findings == ()
    assert found.conserved
    assert (found.receipts_registered, found.receipts_yen) == (3, 313_500)
    assert found.promised_yen == 313_500
    assert (found.deposits_yen, found.fees_yen) == (13_415, 85)
    assert found.receipts_yen == found.deposits_yen + found.fees_yen + found.undeposited_yen
    assert found.undeposited_yen == 300_000
    assert found.under_way == 1


def test_books_without_anything_in_them_conserve() -> None:
    empty = {principal: Books(principal) for principal in agreeing_books()}
    assert audit(empty).conserved


@pytest.mark.parametrize("missing", agreeing_books())
def test_the_books_of_every_party_are_needed(missing: str) -> None:
    books = agreeing_books()
    del books[missing]
    with pytest.raises(LookupError, match=missing):
        audit(books)


def words(row: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(row._fields, row, strict=True))


TAKEN_AGAIN = BY_CARD._replace(payment_id="by-card-again", attempt=2)
OTHER_RECEIPT = RECEIPTS[0]._replace(payment_id="stranger")
DEPOSIT_AGAIN = UC_DEPOSIT._replace(deposit_id="uc-deposit-2")
SHORT_DEPOSIT = UC_DEPOSIT._replace(amount=8_414)
LATER_STATEMENT = UC_STATEMENT._replace(deposit_on=JCB_CLOSES_ON.replace(day=28))

CORRUPTIONS: list[tuple[str, dict[str, Books], Finding]] = [
    (
        "a slip is taken twice in the app",
        changed(PROVIDER, payments=(*PAYMENTS, TAKEN_AGAIN)),
        Finding("slip_taken_twice", "slip-a", "taken 2 times in the app", 8_500),
    ),
    (
        "receipt data does not arrive",
        changed(WARD, receipts=[r for r in RECEIPTS if r != RECEIPTS[1]]),
        Finding("receipt_lost", "by-card", "receipt data 02 delivered, not registered", 8_500),
    ),
    (
        "receipt data is registered twice",
        changed(WARD, receipts=(*RECEIPTS, RECEIPTS[0])),
        Finding("receipt_registered_twice", "by-card", "receipt data 01", 8_500),
    ),
    (
        "receipt data is registered with another amount",
        changed(WARD, receipts=(RECEIPTS[0]._replace(amount=8_501), *RECEIPTS[1:])),
        Finding("receipt_amount_differs", "by-card", "delivered ¥8,500, registered ¥8,501", 8_500),
    ),
    (
        "receipt data is registered that was never delivered",
        changed(WARD, receipts=(*RECEIPTS, OTHER_RECEIPT)),
        Finding("receipt_invented", "stranger", "receipt data 01 registered, never delivered", 8_500),
    ),
    (
        "a promise has no receipt",
        changed(PROVIDER, WARD, receipts=[r for r in RECEIPTS if r.payment_id != "not-closed"]),
        Finding("promise_without_receipt", "not-closed", "promised ¥300,000, receipts ¥0", 300_000),
    ),
    (
        "a receipt has no promise",
        changed(JCB, proxy_payments=()),
        Finding("receipt_without_promise", "not-closed", "no settler owes the ward this money", 300_000),
    ),
    (
        "a receipt has no payment",
        changed(PROVIDER, payments=[p for p in PAYMENTS if p != NOT_CLOSED]),
        Finding("receipt_without_payment", "not-closed", "the provider has no such payment", 300_000),
    ),
    (
        "a statement does not arrive",
        changed(WARD, statements=(BANK_STATEMENT,)),
        Finding("statements_not_at_ward", "uc-statement", words(UC_STATEMENT), 8_500),
    ),
    (
        "a statement arrives that was never issued",
        changed(WARD, statements=(BANK_STATEMENT, UC_STATEMENT, LATER_STATEMENT)),
        Finding("statements_only_at_ward", "uc-statement", words(LATER_STATEMENT), 8_500),
    ),
    (
        "a line does not arrive",
        changed(WARD, lines=(BANK_LINE,)),
        Finding("lines_not_at_ward", "uc-statement", words(UC_LINE), 8_500),
    ),
    (
        "a line is stored twice",
        changed(WARD, lines=(BANK_LINE, UC_LINE, UC_LINE)),
        Finding("lines_only_at_ward", "uc-statement", words(UC_LINE), 8_500),
    ),
    (
        "a deposit does not arrive",
        changed(WARD, deposits=(BANK_DEPOSIT,)),
        Finding("deposits_not_at_ward", "uc-deposit", words(UC_DEPOSIT), 8_415),
    ),
    (
        "a deposit arrives that was never made",
        changed(WARD, deposits=(BANK_DEPOSIT, UC_DEPOSIT, DEPOSIT_AGAIN)),
        Finding("deposits_only_at_ward", "uc-deposit-2", words(DEPOSIT_AGAIN), 8_415),
    ),
    (
        "a promise is left out of its closing",
        everywhere({"lines": (BANK_LINE,)}),
        Finding("closing_differs", "by-card", "in 0 closing statements instead of 1", 8_500),
    ),
    (
        "a promise is counted twice in its closing",
        everywhere({"lines": (BANK_LINE, UC_LINE, UC_LINE)}),
        Finding("closing_differs", "by-card", "in 2 closing statements instead of 1", 8_500),
    ),
    (
        "a withdrawn promise is counted",
        everywhere({"lines": (BANK_LINE, UC_LINE, UC_LINE._replace(payment_id="taken-back", amount=1_200))}),
        Finding("closing_differs", "taken-back", "in 1 closing statements instead of 0", 1_200),
    ),
    (
        "a closing counts a payment that was never promised",
        everywhere({"lines": (BANK_LINE, UC_LINE, UC_LINE._replace(payment_id="stranger"))}),
        Finding("line_without_promise", "stranger", "in closing statement uc-statement, never promised", 8_500),
    ),
    (
        "a statement's total is not the sum of its lines",
        everywhere({"statements": (BANK_STATEMENT, UC_STATEMENT._replace(amount=8_499))}),
        Finding("statement_total_differs", "uc-statement", "lines ¥8,500, total ¥8,499", 8_499),
    ),
    (
        "a statement is deposited twice",
        everywhere({"deposits": (BANK_DEPOSIT, UC_DEPOSIT, DEPOSIT_AGAIN)}),
        Finding("deposited_twice", "uc-statement", "2 deposits", 8_500),
    ),
    (
        "a deposit is short",
        everywhere({"deposits": (BANK_DEPOSIT, SHORT_DEPOSIT)}),
        Finding("deposit_differs", "uc-statement", "deposited ¥8,414, due ¥8,415", 8_415),
    ),
    (
        "a deposit belongs to no statement",
        everywhere({"deposits": (BANK_DEPOSIT, UC_DEPOSIT, UC_DEPOSIT._replace(statement_id="none"))}),
        Finding("deposit_without_statement", "none", "deposit uc-deposit belongs to no closing statement", 8_415),
    ),
    (
        "a deposit is not booked",
        changed(WARD, transfers=[t for t in TRANSFERS if t.subject != "bank-deposit"]),
        Finding("bank_account_differs", "bank_account", "ledger ¥8,015, deposits ¥13,415 less refunds ¥400", -5_000),
    ),
    (
        "a refund is booked that was never made",
        changed(WARD, refunds=()),
        Finding("bank_account_differs", "bank_account", "ledger ¥13,015, deposits ¥13,415", -400),
    ),
    (
        "what was applied to another slip did not come there",
        changed(WARD, transfers=(*TRANSFERS, TransferRow("overpayments", "applications", 300, "slip-b", PAID_ON))),
        Finding("applications_differ", "applications", "debited one slip and credited no other", -300),
    ),
    (
        "a receipt is booked twice",
        changed(WARD, transfers=(*TRANSFERS, TRANSFERS[0])),
        Finding("in_transit_differs", "in_transit", "receipts less closed and deposited ¥300,000", 8_500),
    ),
]


@pytest.mark.parametrize(
    ("books", "finding"), [case[1:] for case in CORRUPTIONS], ids=[case[0] for case in CORRUPTIONS]
)
def test_what_does_not_agree_is_named_with_its_yen(books: dict[str, Books], finding: Finding) -> None:
    result = audit(books)
    found = [f for f in result.findings if (f.code, f.subject) == (finding.code, finding.subject)]
    assert [f.yen for f in found] == [finding.yen], result.findings
    assert finding.detail in found[0].detail
    assert not result.conserved


def test_one_corruption_of_the_ward_s_receipts_names_one_payment() -> None:
    lost = changed(WARD, receipts=[r for r in RECEIPTS if r != RECEIPTS[1]])
    assert [f.code for f in audit(lost).findings] == ["receipt_lost"]


def test_a_withdrawn_promise_and_its_cancelled_receipt_are_no_finding_and_count_nowhere() -> None:
    assert WITHDRAWN.amount not in {f.yen for f in audit(agreeing_books()).findings}
    without = with_rows(
        changed(PROVIDER, WARD, receipts=[r for r in RECEIPTS if r.payment_id != "taken-back"]),
        (UC,),
        proxy_payments=(TAKEN_ON,),
    )
    assert audit(without) == audit(agreeing_books())
