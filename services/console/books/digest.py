"""The digest of the books: equal where the same things were booked, however and in whatever order it came about.

Rows are told by natural keys (a payment by slip number and attempt, a statement by settler and closing day), so
no id that a process made, and no order of arrival, is in it. Of transfers only the ward's count: those of the others
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
    """64 hex digits: of all rows as lines, in order."""
    texts = _Texts(_natural_names(books))
    told = sorted(
        (f"{principal}|{kind}|", rows)
        for principal, book in books.items()
        for kind in _BOOKS
        if kind != "transfers" or principal == topics.WARD
        if (rows := getattr(book, kind))
    )
    return hashlib.sha256(b"\n".join(_in_order(beginning, rows, texts) for beginning, rows in told)).hexdigest()


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
    """What stands for a value: its natural name, or else itself. Worked out once for each value."""

    def __missing__(self, value: Any) -> str:
        text = str(value)
        self[value] = text = self.get(text, text)
        return text
