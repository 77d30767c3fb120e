"""Books as a document: lines of JSON that pass through little memory and are never cut short unseen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.books import (
    Books,
    BooksReader,
    DisputeRow,
    PaymentRow,
    ReceiptRow,
    RefundRow,
    ResolutionRow,
    TransferRow,
    to_lines,
)

TEXTS = st.text(max_size=12)
YEN = st.integers(min_value=-(10**12), max_value=10**12)
PAYMENTS = st.builds(
    PaymentRow, TEXTS, TEXTS, st.integers(1, 99), TEXTS, TEXTS, amount=YEN, status=TEXTS, on=st.dates()
)
RECEIPTS = st.builds(ReceiptRow, TEXTS, TEXTS, YEN, st.dates())
TRANSFERS = st.builds(TransferRow, TEXTS, TEXTS, YEN, TEXTS, st.dates())
REFUNDS = st.builds(RefundRow, TEXTS, st.integers(1, 99), YEN, st.dates())
DISPUTES = st.builds(DisputeRow, TEXTS, TEXTS, TEXTS, YEN)
RESOLUTIONS = st.builds(ResolutionRow, TEXTS, TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS, YEN, YEN, YEN, YEN)
BOOKS = st.builds(
    Books,
    TEXTS,
    payments=st.lists(PAYMENTS),
    receipts=st.lists(RECEIPTS),
    proxy_payments=st.just([]),
    statements=st.just([]),
    lines=st.just([]),
    deposits=st.just([]),
    transfers=st.lists(TRANSFERS),
    refunds=st.lists(REFUNDS),
    reconciled=st.lists(TEXTS),
    disputes=st.lists(DISPUTES),
    resolutions=st.lists(RESOLUTIONS),
)
SMALL = Books("ward", receipts=[ReceiptRow("p", "01", 8_500, date(2021, 7, 1))])


def read(lines: Iterable[bytes]) -> Books:
    reader = BooksReader()
    for line in lines:
        reader.take(line)
    return reader.books()


@given(BOOKS)
def test_what_is_read_is_what_was_written(books: Books) -> None:
    assert read(to_lines(books)) == books


def test_a_row_is_a_line_with_its_fields_in_order() -> None:
    assert list(to_lines(SMALL)) == [
        b'"ward"\n',
        b'["receipts",["p","01",8500,"2021-07-01"]]\n',
        b'["end",1]\n',
    ]


@pytest.mark.parametrize("missing", [1, 2])
def test_a_document_without_a_line_is_refused(missing: int) -> None:
    lines = list(to_lines(SMALL))
    del lines[missing]
    with pytest.raises(ValueError, match="the books of ward are cut short"):
        read(lines)


@pytest.mark.parametrize("line", [b"{}", b'["loans",[]]', b'["receipts",["p"]]', b"<html>"])
def test_a_line_of_something_else_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="not a line of a party's books"):
        read([line])
