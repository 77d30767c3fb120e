"""The parties' books row by row: the common form in which they are compared and digested.

As a document they are lines of JSON (NDJSON): first the party's name, then one line per row, `["payments", [...]]` with
its fields in order, and last `["end", rows]`. So books of any size are read and written in little memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import msgspec


class PaymentRow(NamedTuple):
    """A payment at the provider. `attempt` counts the payments opened for one slip, from 1."""

    payment_id: str
    slip_number: str
    attempt: int
    method: str
    settler: str
    amount: int
    status: str
    on: date


class ReceiptRow(NamedTuple):
    """A receipt record: delivered (provider) or registered (ward). `kind` is 01, 02 or 03."""

    payment_id: str
    kind: str
    amount: int
    on: date


class ProxyPaymentRow(NamedTuple):
    """A proxy payment at its agent or a payment to a network at the provider.

    `status` is `taken_on`, `collected` or `withdrawn`.
    """

    payment_id: str
    settler: str
    amount: int
    status: str
    closes_on: date


class StatementRow(NamedTuple):
    """A closing statement: issued by a settler, or received by the ward."""

    statement_id: str
    settler: str
    closed_on: date
    deposit_on: date
    payments: int
    amount: int
    fee: int


class StatementLineRow(NamedTuple):
    """One payment in a closing statement."""

    statement_id: str
    payment_id: str
    amount: int


class DepositRow(NamedTuple):
    """A deposit: paid by a settler, or seen on the ward's account."""

    deposit_id: str
    statement_id: str
    settler: str
    amount: int
    on: date


class TransferRow(NamedTuple):
    """A double-entry booking: `amount` yen from the `credit` to the `debit` account, in the party's own accounts."""

    debit: str
    credit: str
    amount: int
    subject: str
    on: date


class RefundRow(NamedTuple):
    """還付: an overpayment of a slip, refunded by the ward. `number` counts the uses of the slip's overpayments."""

    slip_number: str
    number: int
    amount: int
    on: date


class DisputeRow(NamedTuple):
    """A difference that the ward knows of. `subject` is the statement, or the payment if it is about one payment."""

    subject: str
    statement_id: str
    code: str
    yen: int
    """For a statement's deposits, their difference from what is due, before any decision; else the amount."""


class ResolutionRow(NamedTuple):
    """A decision of the ward about a difference, in yen."""

    resolution_id: str
    statement_id: str
    action: str
    payment_id: str | None
    deposit_id: str | None
    amount: int
    effect: int
    """Added to the difference of the statement's deposits."""
    returned: int
    """Paid back to the settler."""
    restored: int
    """Added to the amount in transit."""


@dataclass(frozen=True, slots=True)
class Books:
    """One party's books; kinds of rows that the party does not record are empty."""

    party: str
    payments: Sequence[PaymentRow] = ()
    receipts: Sequence[ReceiptRow] = ()
    proxy_payments: Sequence[ProxyPaymentRow] = ()
    statements: Sequence[StatementRow] = ()
    lines: Sequence[StatementLineRow] = ()
    deposits: Sequence[DepositRow] = ()
    transfers: Sequence[TransferRow] = ()
    refunds: Sequence[RefundRow] = ()
    reconciled: Sequence[str] = ()
    """Ids of statements whose deposit and receipts all agree (ward)."""
    disputes: Sequence[DisputeRow] = ()
    """Known differences, decided or not (ward)."""
    resolutions: Sequence[ResolutionRow] = ()
    """Decisions about differences (ward)."""


_ROWS: dict[str, Any] = {
    "payments": PaymentRow,
    "receipts": ReceiptRow,
    "proxy_payments": ProxyPaymentRow,
    "statements": StatementRow,
    "lines": StatementLineRow,
    "deposits": DepositRow,
    "transfers": TransferRow,
    "refunds": RefundRow,
    "reconciled": str,
    "disputes": DisputeRow,
    "resolutions": ResolutionRow,
}
_END = "end"


def to_lines(books: Books) -> Iterator[bytes]:
    """The books as a document, line by line."""
    encode = msgspec.json.Encoder().encode
    yield encode(books.party) + b"\n"
    rows = 0
    for kind in _ROWS:
        for row in getattr(books, kind):
            yield encode((kind, row)) + b"\n"
            rows += 1
    yield encode((_END, rows)) + b"\n"


class BookLines:
    """Parses a document line by line as it arrives, without storing rows."""

    def __init__(self) -> None:
        self.party = ""
        self._rows = 0
        self._said: int | None = None

    def row(self, line: str | bytes) -> tuple[str, Any] | None:
        """The next line as (kind, row); None for the first and the last line.

        Raises `ValueError` for a line that does not belong to such a document.
        """
        try:
            match msgspec.json.decode(line):
                case str(party):
                    self.party = party
                case [str(kind), row] if kind in _ROWS:
                    self._rows += 1
                    return kind, msgspec.convert(row, _ROWS[kind])
                case [str(kind), int(rows)] if kind == _END:
                    self._said = rows
                case _:
                    raise ValueError("unknown kind of line")
        except ValueError as wrong:
            raise ValueError(f"not a line of a party's books ({wrong}): {line!r:.80}") from None
        return None

    def require_end(self) -> None:
        """Raises `ValueError` if the document is cut short, or its rows are not as many as its end says."""
        if self._said != self._rows:
            raise ValueError(f"the books of {self.party or 'a party'} are cut short after {self._rows} rows")


class BooksReader:
    """Collects the books from a document line by line."""

    def __init__(self) -> None:
        self._lines = BookLines()
        self._rows: dict[str, list[Any]] = {kind: [] for kind in _ROWS}

    def take(self, line: str | bytes) -> None:
        """Add the next line. Raises `ValueError` for a line that does not belong to such a document."""
        if (found := self._lines.row(line)) is not None:
            kind, row = found
            self._rows[kind].append(row)

    def books(self) -> Books:
        """The books collected. Raises `ValueError` if the end is missing."""
        self._lines.require_end()
        return Books(self._lines.party, **self._rows)
