"""The digest of the books: equal if the same was booked, in whatever order.

Rows are named by natural keys (a payment by slip number and attempt, a statement by settler and closing day), so the
digest depends on no generated id and no order of arrival. Only the ward's transfers count: those of the other parties
follow from their rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts import topics
from contracts.books import Books

_BOOKS = ("payments", "receipts", "proxy_payments", "statements", "lines", "deposits", "transfers", "refunds")


def digest(books: Mapping[str, Books]) -> str:
    """64 hex digits (SHA-256) of all rows as sorted lines."""
    texts = _Texts(_natural_names(books))
    named = sorted(
        (f"{principal}|{kind}|", rows)
        for principal, book in books.items()
        for kind in _BOOKS
        if kind != "transfers" or principal == topics.WARD
        if (rows := getattr(book, kind))
    )
    return hashlib.sha256(b"\n".join(_in_order(beginning, rows, texts) for beginning, rows in named)).hexdigest()


def _in_order(beginning: str, rows: Iterable[Iterable[Any]], texts: _Texts) -> bytes:
    return "\n".join(sorted(beginning + "|".join(map(texts.__getitem__, row)) for row in rows)).encode()


def _natural_names(books: Mapping[str, Books]) -> Iterator[tuple[str, str]]:
    for p in books[topics.PAYMENT_PROVIDER].payments:
        yield p.payment_id, f"{p.slip_number}#{p.attempt}"
    for book in books.values():
        for s in book.statements:
            yield s.statement_id, f"{s.settler}/{s.closed_on}"
        for d in book.deposits:
            yield d.deposit_id, f"{d.settler}/{d.on}/{d.amount}"


class _Texts(dict[Any, str]):
    """Value → its natural name, or its text. Computed once per value."""

    def __missing__(self, value: Any) -> str:
        text = str(value)
        self[value] = text = self.get(text, text)
        return text
