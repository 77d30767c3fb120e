"""全銀 (Zengin) deposit notice files: records of 200 bytes and CRLF, half-width text in JIS (X 0201).

| record       | 01: lengths of fields                            | 03: lengths of fields                          |
|--------------|--------------------------------------------------|------------------------------------------------|
| header `1`   | 1 2 1 6 6 6 4 15 3 15 1 7 40 93                  | 1 2 1 6 6 6 4 15 3 15 3 1 10 40 1 1 14 71      |
| data `2`     | 1 6 6 6 10 10 10 48 15 15 1 20 52                | 1 8 6 6 1 2 12 12 6 6 1 7 3 10 48 15 15 20 20 1|
| trailer `8`  | 1 6 12 6 12 163                                  | 1 6 13 6 13 1 14 7 139                         |
| end `9`      | 1 199                                            | 1 10 5 184                                     |

Lengths are as published. Our assumptions: CRLF after each record; one block per account, all of one kind in a file;
貸越区分 2 for a balance below 0; in kind 01, cancelled transfers have their own total and are not in the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from contracts.formats import byte_fields as fields
from contracts.formats.byte_fields import (
    CRLF,
    Source,
    digits,
    filler,
    half_width,
    number,
    put_digits,
    put_half_width,
    put_number,
)
from contracts.formats.damage import DamagedFile, WrongField, shown, wrong_field
from contracts.formats.zengin import (
    Account,
    AccountEntry,
    Header,
    Kind,
    Line,
    Row,
    Tally,
    Totals,
    TransferNotice,
    era_day,
    put_era_day,
)
from contracts.vocabulary import Yen

RECORD_BYTES: Final = 200
LINE_BYTES: Final = RECORD_BYTES + len(CRLF)
HEADER, DATA, TRAILER, END = b"1", b"2", b"8", b"9"
_JIS: Final = b"0"
_PASSBOOK: Final = b"1"
_ACCOUNT_DIGITS: Final = {Kind.TRANSFERS_RECEIVED: 7, Kind.ACCOUNT_ENTRIES: 10}

Block = tuple[Header, Sequence[Row]]


# ---- writing ----------------------------------------------------------------------------------------------


def _record(*parts: bytes) -> bytes:
    return b"".join(parts).ljust(RECORD_BYTES) + CRLF


def _put_balance(balance: int) -> bytes:
    return (b"2" if balance < 0 else b"1") + put_number(abs(balance), 14)


def write(blocks: Iterable[Block]) -> Iterator[bytes]:
    """The file, record by record. Raises `ValueError` for a value that does not fit the layout."""
    kind: Kind | None = None
    records, accounts = 1, 0  # the end record counts
    for header, rows in blocks:
        if kind not in (None, header.kind):
            raise ValueError(f"a block of kind {header.kind} does not belong in a file of kind {kind}")
        kind, accounts, records = header.kind, accounts + 1, records + 2 + len(rows)
        yield _put_header(header)
        tally = Tally(header)
        for row in rows:
            tally.count(row)
            yield _put_transfer(row) if isinstance(row, TransferNotice) else _put_entry(row)
        yield _put_trailer(header.kind, tally.totals(), len(rows))
    counts = (put_number(records, 10), put_number(accounts, 5)) if kind is Kind.ACCOUNT_ENTRIES else ()
    yield _record(END, *counts)


def _put_header(header: Header) -> bytes:
    a, width = header.account, _ACCOUNT_DIGITS[header.kind]
    common = (
        HEADER + header.kind.value.encode() + _JIS,
        put_era_day(header.created_on),
        put_era_day(header.covers_from),
        put_era_day(header.covers_to),
        put_digits(a.bank_code, 4),
        put_half_width(a.bank_name, 15),
        put_digits(a.branch_code, 3),
        put_half_width(a.branch_name, 15),
        b"" if header.kind is Kind.TRANSFERS_RECEIVED else b"   ",
        put_digits(a.account_type, 1),
        put_digits(a.account_number.zfill(width), width),
        put_half_width(a.holder, 40),
    )
    if header.kind is Kind.TRANSFERS_RECEIVED:
        return _record(*common)
    sign_and_balance = _put_balance(header.balance)
    return _record(*common, sign_and_balance[:1], _PASSBOOK, sign_and_balance[1:])


def _put_transfer(row: TransferNotice) -> bytes:
    return _record(
        DATA,
        put_digits(row.inquiry_number, 6),
        put_era_day(row.posted_on),
        put_era_day(row.value_on),
        put_number(row.amount, 10),
        put_number(row.other_branch_cheques, 10),
        put_digits(row.payer_code, 10),
        put_half_width(row.payer_name, 48),
        put_half_width(row.bank_name, 15),
        put_half_width(row.branch_name, 15),
        b"1" if row.cancelled else b" ",
        put_half_width(row.edi, 20),
    )


def _put_entry(row: AccountEntry) -> bytes:
    return _record(
        DATA,
        put_digits(row.inquiry_number, 8),
        put_era_day(row.posted_on),
        put_era_day(row.value_on),
        b"1" if row.is_deposit else b"2",
        put_digits(row.transaction, 2),
        put_number(row.amount, 12),
        put_number(row.other_branch_cheques, 12),
        put_half_width(row.bill.rstrip(), 23),
        put_digits(row.payer_code, 10),
        put_half_width(row.payer_name, 48),
        put_half_width(row.bank_name, 15),
        put_half_width(row.branch_name, 15),
        put_half_width(row.summary, 20),
        put_half_width(row.edi, 20),
    )


def _put_trailer(kind: Kind, totals: Totals, rows: int) -> bytes:
    wide = 12 if kind is Kind.TRANSFERS_RECEIVED else 13
    parts = [
        TRAILER,
        put_number(totals.rows, 6),
        put_number(totals.amount, wide),
        put_number(totals.other_rows, 6),
        put_number(totals.other_amount, wide),
    ]
    if totals.balance is not None:
        parts += [_put_balance(totals.balance), put_number(rows, 7)]
    return _record(*parts)


# ---- reading ----------------------------------------------------------------------------------------------


def read(source: Source, received_on: date) -> Iterator[Line]:
    """Every line except the end record, as it is read, in constant memory. Raises `DamagedFile` at the first error.

    A two-digit year is read in the era that puts the date nearest to `received_on`, the day the file was fetched.
    """
    reader, line = _Reader(received_on), 0
    for line, piece in enumerate(fields.pieces(source, LINE_BYTES), 1):
        start = (line - 1) * LINE_BYTES
        if reader.ended:
            raise DamagedFile("after_end", line, start + 1, f"there is {shown(piece)}", "the end record is the last")
        if piece[RECORD_BYTES:] != CRLF:
            raise fields.misaligned(line, piece, RECORD_BYTES)
        try:
            found = reader.take(piece)
        except WrongField as wrong:
            raise wrong.in_file(line, start) from None
        if found is not None:
            yield found
    if not reader.ended:
        code, missing = ("missing_trailer", "trailer (8)") if reader.header else ("missing_end", "end record (9)")
        raise DamagedFile(code, line + 1, line * LINE_BYTES + 1, "the file stops", f"its {missing} is missing")


class _Reader:
    """Position in the file, and the tally of the current block."""

    def __init__(self, received_on: date) -> None:
        self._near, self.ended = received_on, False
        self.header: Header | None = None
        """The header of the current block; None between blocks."""
        self._kind: Kind | None = None
        self._lines, self._accounts = 0, 0

    def take(self, raw: bytes) -> Line | None:
        """The next line; None for the end record. Raises `WrongField`."""
        self._lines += 1
        mark = raw[:1]
        if mark not in (HEADER, DATA, TRAILER, END):
            wrong_field(0, mark, "a record begins with 1, 2, 8 or 9", "record_kind")
        if mark not in ((DATA, TRAILER) if self.header else (HEADER, END)):
            code, right = ("missing_trailer", "2 or 8") if self.header else ("record_order", "1 or 9")
            raise WrongField(code, 0, f"there is a record {mark.decode()}", f"{right} must come here")
        if self.header is None:
            if mark == HEADER:
                return self._begin(raw)
            self._finish(raw)
            return None
        if mark == TRAILER:
            return self._check(raw, self.header)
        read_row = self._transfer if self.header.kind is Kind.TRANSFERS_RECEIVED else self._entry
        row = read_row(raw)
        self._tally.count(row)
        return row

    def _day(self, raw: bytes, at: int) -> date:
        return era_day(raw, at, self._near)

    def _begin(self, raw: bytes) -> Header:
        found = raw[1:3].decode("latin-1")
        if found not in (Kind.TRANSFERS_RECEIVED, Kind.ACCOUNT_ENTRIES) or (self._kind and found != self._kind):
            wrong_field(1, raw[1:3], f"the kind of the file is {self._kind or '01 or 03'}", "record_kind")
        kind = self._kind = Kind(found)
        if raw[3:4] != _JIS:
            wrong_field(3, raw[3:4], "the code division (コード区分) is 0, JIS", "encoding")
        is_short = kind is Kind.TRANSFERS_RECEIVED
        at, width = (59, 7) if is_short else (62, 10)
        account_number = digits(raw, at + 1, width)
        account = Account(
            digits(raw, 22, 4),
            half_width(raw, 26, 15),
            digits(raw, 41, 3),
            half_width(raw, 44, 15),
            digits(raw, at, 1),
            account_number if is_short else account_number.lstrip("0").zfill(7),
            half_width(raw, at + 1 + width, 40),
        )
        balance = 0
        if is_short:
            filler(raw, 107, RECORD_BYTES)
        else:
            balance = _balance(raw, 113, 115)
            filler(raw, 59, 62)
            if raw[114:115] != _PASSBOOK:
                wrong_field(114, raw[114:115], "通帳・証書区分 is 1")
            filler(raw, 129, RECORD_BYTES)
        self.header = Header(kind, self._day(raw, 4), self._day(raw, 10), self._day(raw, 16), account, balance)
        self._tally, self._accounts = Tally(self.header), self._accounts + 1
        return self.header

    def _transfer(self, raw: bytes) -> TransferNotice:
        filler(raw, 148, RECORD_BYTES)
        return TransferNotice(
            inquiry_number=digits(raw, 1, 6),
            posted_on=self._day(raw, 7),
            value_on=self._day(raw, 13),
            amount=Yen(number(raw, 19, 10)),
            payer_code=digits(raw, 39, 10),
            payer_name=half_width(raw, 49, 48),
            bank_name=half_width(raw, 97, 15),
            branch_name=half_width(raw, 112, 15),
            cancelled=_one_of(raw, 127, (b" ", b"1"), "取消区分 is 1 or a space") == b"1",
            edi=half_width(raw, 128, 20),
            other_branch_cheques=Yen(number(raw, 29, 10)),
        )

    def _entry(self, raw: bytes) -> AccountEntry:
        filler(raw, 199, RECORD_BYTES)
        return AccountEntry(
            inquiry_number=digits(raw, 1, 8),
            posted_on=self._day(raw, 9),
            value_on=self._day(raw, 15),
            is_deposit=_one_of(raw, 21, (b"1", b"2"), "入払区分 is 1 (in) or 2 (out)") == b"1",
            transaction=digits(raw, 22, 2),
            amount=Yen(number(raw, 24, 12)),
            payer_code=digits(raw, 71, 10),
            payer_name=half_width(raw, 81, 48),
            bank_name=half_width(raw, 129, 15),
            branch_name=half_width(raw, 144, 15),
            summary=half_width(raw, 159, 20),
            edi=half_width(raw, 179, 20),
            other_branch_cheques=Yen(number(raw, 36, 12)),
            bill=half_width(raw, 48, 23).ljust(23),
        )

    def _check(self, raw: bytes, header: Header) -> Totals:
        counted = self._tally.totals()
        wide = 12 if header.kind is Kind.TRANSFERS_RECEIVED else 13
        _agree(raw, 1, 6, counted.rows, "count")
        _agree(raw, 7, wide, counted.amount, "total")
        _agree(raw, 7 + wide, 6, counted.other_rows, "count")
        _agree(raw, 13 + wide, wide, counted.other_amount, "total")
        if counted.balance is None:
            filler(raw, 37, RECORD_BYTES)
        else:
            if (balance := _balance(raw, 39, 40)) != counted.balance:
                right = f"¥{header.balance:,} and the entries make ¥{counted.balance:,}"
                raise WrongField("total", 39, f"the balance in the trailer is ¥{balance:,}", right)
            _agree(raw, 54, 7, self._tally.rows, "count")
            filler(raw, 61, RECORD_BYTES)
        self.header = None
        return counted

    def _finish(self, raw: bytes) -> None:
        if self._kind is Kind.ACCOUNT_ENTRIES:
            _agree(raw, 1, 10, self._lines, "count")
            _agree(raw, 11, 5, self._accounts, "count")
            filler(raw, 16, RECORD_BYTES)
        else:
            filler(raw, 1, RECORD_BYTES)
        self.ended = True


def _agree(raw: bytes, at: int, length: int, counted: int, code: str) -> None:
    said = number(raw, at, length)
    if said != counted:
        raise WrongField(code, at, f"there is {said:,}", f"the records before make {counted:,}")


def _one_of(raw: bytes, at: int, allowed: Sequence[bytes], right: str) -> bytes:
    found = raw[at : at + 1]
    return found if found in allowed else wrong_field(at, found, right)


def _balance(raw: bytes, sign_at: int, at: int) -> int:
    """Signed by 貸越区分; -0 is rejected, so that each balance has one representation."""
    sign = -1 if _one_of(raw, sign_at, (b"1", b"2"), "貸越区分 is 1, or 2 below zero") == b"2" else 1
    amount = number(raw, at, 14)
    return sign * amount if amount or sign > 0 else wrong_field(sign_at, b"2", "a balance of 0 is not below zero")
