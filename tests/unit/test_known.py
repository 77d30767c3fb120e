"""The audit calls known only what the ward has on record to the yen; every other disagreement stays money lost."""

from __future__ import annotations

import pytest

from contracts.books import Books, DisputeRow, ResolutionRow
from services.console.books.audit import audit
from services.console.books.known import State
from tests.unit.agreeing_books import (
    BANK_DEPOSIT,
    BANK_LINE,
    BANK_STATEMENT,
    TRANSFERS,
    UC,
    UC_DEPOSIT,
    UC_LINE,
    UC_STATEMENT,
    WARD,
    agreeing_books,
    with_rows,
)

S = "uc-statement"
SHORT = UC_DEPOSIT._replace(amount=8_400)
SHORT_BOOKED = tuple(
    t._replace(amount=8_400) if t.subject == "uc-deposit" and t.debit == "bank_account" else t for t in TRANSFERS
)
DIFFERENCE = TRANSFERS[4]._replace(debit="deposit_differences", amount=15)


def short_by(yen: int, *resolutions: ResolutionRow) -> dict[str, Books]:
    """The UC deposit is ¥15 short; the ward has it on record as `yen`."""
    return with_rows(
        agreeing_books(),
        (WARD,),
        deposits=(BANK_DEPOSIT, SHORT),
        transfers=(*SHORT_BOOKED, DIFFERENCE),
        disputes=(DisputeRow(S, S, "deposits", -yen),),
        resolutions=resolutions,
        reconciled=("bank-statement",),
    )


def decision(action: str, **values: object) -> ResolutionRow:
    row = ResolutionRow("r1", S, action, None, None, 15, 0, 0, 0)
    return row._replace(**values)  # type: ignore[arg-type]


def states(books: dict[str, Books]) -> set[State]:
    return {finding.state for finding in audit(books).findings}


def test_a_shortage_on_record_is_open() -> None:
    found = audit(short_by(15))
    assert {f.code for f in found.findings} == {"deposits_not_at_ward", "deposits_only_at_ward"}
    assert states(short_by(15)) == {State.OPEN}
    assert found.conserved


@pytest.mark.parametrize("yen", [0, 14, 16, -15])
def test_a_shortage_on_record_with_another_amount_is_not_known(yen: int) -> None:
    assert states(short_by(yen)) == {State.UNEXPLAINED}
    assert not audit(short_by(yen)).conserved


@pytest.mark.parametrize(
    ("effect", "state"), [(15, State.RESOLVED), (14, State.OPEN), (0, State.OPEN), (-15, State.OPEN)]
)
def test_a_shortage_is_resolved_by_decisions_about_all_of_it(effect: int, state: State) -> None:
    assert states(short_by(15, decision("accept_difference", effect=effect))) == {state}


def test_a_deposit_made_good_in_parts_is_resolved_only_where_the_settler_believes_the_sum() -> None:
    parts = (SHORT, UC_DEPOSIT._replace(deposit_id="uc-supplement", amount=15))
    books = with_rows(agreeing_books(), (WARD,), deposits=(BANK_DEPOSIT, *parts))
    assert states(books) == {State.RESOLVED}
    believes_less = with_rows(books, (UC,), deposits=(UC_DEPOSIT._replace(amount=8_000),))
    assert State.UNEXPLAINED in states(believes_less)


def left_out(*disputes: DisputeRow) -> dict[str, Books]:
    empty = UC_STATEMENT._replace(amount=0, fee=0, payments=0)
    return with_rows(
        with_rows(agreeing_books(), (UC,), lines=(), statements=(empty,), deposits=()),
        (WARD,),
        lines=(BANK_LINE,),
        statements=(BANK_STATEMENT, empty),
        deposits=(BANK_DEPOSIT,),
        transfers=[t for t in TRANSFERS if t.subject != "uc-deposit"],
        disputes=disputes,
        reconciled=("bank-statement",),
    )


def test_a_payment_left_out_is_known_by_its_own_amount_only() -> None:
    assert states(left_out(DisputeRow("by-card", "", "receipt_unlisted", 8_500))) == {State.OPEN}
    assert states(left_out(DisputeRow("by-card", "", "receipt_unlisted", 8_499))) == {State.UNEXPLAINED}
    assert states(left_out(DisputeRow("by-bank", "", "receipt_unlisted", 8_500))) == {State.UNEXPLAINED}
    assert states(left_out()) == {State.UNEXPLAINED}


def test_a_line_that_somebody_added_is_resolved_and_any_other_is_not() -> None:
    added = ResolutionRow("r1", S, "add_line", "stranger", None, 700, 0, 0, 0)
    lines = (BANK_LINE, UC_LINE, UC_LINE._replace(payment_id="stranger", amount=700))
    assert states(with_rows(agreeing_books(), (WARD,), lines=lines, resolutions=(added,))) == {State.RESOLVED}
    other = added._replace(amount=701)
    assert states(with_rows(agreeing_books(), (WARD,), lines=lines, resolutions=(other,))) == {State.UNEXPLAINED}


def test_money_that_was_returned_has_left_the_account() -> None:
    returned = decision("return_excess", returned=15, effect=-15)
    books = with_rows(agreeing_books(), (WARD,), resolutions=(returned,))
    assert [(f.code, f.state) for f in audit(books).findings] == [("bank_account_differs", State.UNEXPLAINED)]
    paid_out = TRANSFERS[4]._replace(debit="deposit_differences", credit="bank_account", amount=15)
    assert audit(with_rows(books, (WARD,), transfers=(*TRANSFERS, paid_out))).findings == ()
