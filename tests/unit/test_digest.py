"""The digest of the books: free of order and of process-made ids, sensitive to every amount, date and status."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.books import Books
from services.console.books.digest import digest
from tests.unit.agreeing_books import agreeing_books, with_rows

KINDS = ("payments", "receipts", "proxy_payments", "statements", "lines", "deposits", "transfers", "refunds")
PROCESS_MADE = ("payment_id", "statement_id", "deposit_id", "subject")
PROCESSES = [
    (principal, kind, place, name)
    for principal, book in agreeing_books().items()
    for kind in KINDS
    for place, row in enumerate(getattr(book, kind))
    for name in row._fields
]
TOLD_BY_VALUE = [place for place in PROCESSES if place[-1] not in PROCESS_MADE]
books = agreeing_books()


def with_field(principal: str, kind: str, place: int, name: str, value: object) -> dict[str, Books]:
    rows = list(getattr(books[principal], kind))
    rows[place] = rows[place]._replace(**{name: value})
    return with_rows(books, (principal,), **{kind: tuple(rows)})


def another(value: object) -> object:
    """The nearest other value of the same kind."""
    match value:
        case int():
            return value + 1
        case date():
            return value + timedelta(days=1)
        case _:
            return f"{value}x"


@given(st.data())
def test_the_order_of_rows_and_parties_does_not_matter(data: st.DataObject) -> None:
    shuffled = {principal: books[principal] for principal in data.draw(st.permutations(list(books)))}
    for principal, book in books.items():
        rows = {kind: data.draw(st.permutations(getattr(book, kind))) for kind in KINDS}
        shuffled = with_rows(shuffled, (principal,), **rows)
    assert digest(shuffled) == digest(books)


@given(st.text("0123456789abcdef-", min_size=1))
def test_ids_that_a_process_made_do_not_matter(mark: str) -> None:
    def renamed(row: Any) -> Any:
        return row._replace(**{name: mark + getattr(row, name) for name in PROCESS_MADE if name in row._fields})

    others = books
    for principal, book in books.items():
        rows = {kind: tuple(map(renamed, getattr(book, kind))) for kind in KINDS}
        others = with_rows(others, (principal,), **rows)
    assert digest(others) == digest(books)


@pytest.mark.parametrize("place", TOLD_BY_VALUE, ids=lambda place: "-".join(map(str, place)))
def test_every_amount_date_and_word_matters(place: tuple[str, str, int, str]) -> None:
    principal, kind, number, name = place
    value = getattr(getattr(books[principal], kind)[number], name)
    assert digest(with_field(*place, another(value))) != digest(books)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_is_missing_or_doubled_matters(kind: str) -> None:
    principal = next(p for p, book in books.items() if getattr(book, kind))
    rows = getattr(books[principal], kind)
    for other in (rows[1:], (*rows, rows[0])):
        assert digest(with_rows(books, (principal,), **{kind: other})) != digest(books)


def test_whose_row_it_is_matters() -> None:
    taken, owner = books["card_agent.uc"], books["card_agent.jcb"]
    swapped = books | {"card_agent.uc": owner, "card_agent.jcb": taken}
    assert digest(swapped) != digest(books)


def test_a_row_told_of_another_payment_matters() -> None:
    other = with_field("ward", "receipts", 0, "payment_id", "by-bank")
    assert digest(other) != digest(books)


def test_the_digest_is_64_hex_digits_whether_or_not_there_is_anything_to_digest() -> None:
    for each in (books, {principal: Books(principal) for principal in books}):
        assert len(digest(each)) == 64
        assert int(digest(each), 16) >= 0


def test_every_kind_of_row_is_in_these_books() -> None:
    row_kinds = {f.name for f in fields(Books)} - {"party", "reconciled", "disputes", "resolutions"}
    assert row_kinds == set(KINDS)
    assert all(any(getattr(book, kind) for book in books.values()) for kind in KINDS)
