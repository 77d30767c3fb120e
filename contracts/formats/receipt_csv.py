"""The receipt data file (収納データ) in another agency's layout: CSV, Shift_JIS, CRLF, no header line.

| column | field                                                                     |
|--------|---------------------------------------------------------------------------|
| 1      | kind: 01, 02, 03                                                          |
| 2, 3   | paid on YYYYMMDD, at HHMM                                                 |
| 4      | `EAN` and the 44 digits of the barcode                                    |
| 5, 6   | user fields 1 and 2: here the payment's reference and the accounting date |
| 7, 8   | stamp-duty flag, amount: as in the barcode                                |
| 9, 10  | channel code (680 = credit card, municipal) and its name                  |
| 11     | shop code                                                                 |
| 12     | planned transfer date; 0 on 01 and 03                                     |
| 13     | data created on                                                           |

The contents of the user fields (利用者欄) are our assumption. The layout has neither totals nor an end record: a file
truncated between two lines is detected only by its sender's count or checksum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, time
from functools import lru_cache
from itertools import islice
from typing import Final

from contracts.formats import byte_fields as fields
from contracts.formats.byte_fields import CRLF, Source, a_day, a_time, half_width
from contracts.formats.damage import WrongField, shown, wrong_field
from contracts.formats.receipt_record import CHANNEL_NAMES, ReceiptRecord, a_barcode, a_kind, a_reference, check
from contracts.vocabulary import ReceiptKind

COLUMNS: Final = 13
LONGEST_LINE: Final = 400
LINES_AT_ONCE: Final = 512
_NAME_BYTES: Final = 60


# ---- writing ----------------------------------------------------------------------------------------------


def write(records: Iterable[ReceiptRecord]) -> Iterator[bytes]:
    """The file, `LINES_AT_ONCE` lines at a time. Raises `ValueError` for a value that does not fit the layout."""
    lines = map(_line, records)
    while chunk := b"".join(islice(lines, LINES_AT_ONCE)):
        yield chunk


def _line(r: ReceiptRecord) -> bytes:
    check(r)
    transfer = "0" if r.transfer_on is None else _day(r.transfer_on)
    return (
        f"{r.kind.value},{_day(r.paid_on)},{_time(r.paid_time)},EAN{r.barcode},{r.reference},{_day(r.accounted_on)},"
        f"{r.barcode[36]},{r.amount},{_channel_and_shop(r.channel, r.shop)},{transfer},{_day(r.created_on)}\r\n"
    ).encode(fields.SHIFT_JIS)


@lru_cache(1024)
def _channel_and_shop(channel: str, shop: str) -> str:
    fields.put_digits(channel, 4)
    if b"," in fields.put_half_width(shop, 7):
        raise ValueError(f"the shop code {shop!r} must not contain a comma")
    return f"{int(channel)},{CHANNEL_NAMES.get(channel, '')},{shop}"


@lru_cache(4096)
def _day(day: date) -> str:
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


@lru_cache(4096)
def _time(at: time) -> str:
    return f"{at:%H%M}"


# ---- reading ----------------------------------------------------------------------------------------------


def read(source: Source) -> Iterator[ReceiptRecord]:
    """Every record of the file as it is read, in constant memory. Raises `DamagedFile` at the first error."""
    start = 0
    for line, raw in enumerate(_lines(source), 1):
        try:
            _check_line(line, raw)
            yield _record(raw[:-2])
        except WrongField as wrong:
            raise wrong.in_file(line, start) from None
        start += len(raw)


def _lines(source: Source) -> Iterator[bytes]:
    """Lines with their line ends; the last may have none. Stops at a line longer than `LONGEST_LINE`."""
    rest = b""
    for block in fields.blocks(source):
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            yield line + b"\n"
        if len(rest) > LONGEST_LINE:
            break
    if rest:
        yield rest


def _check_line(line: int, raw: bytes) -> None:
    if line == 1 and raw.startswith(b"\xef\xbb\xbf"):
        raise WrongField("encoding", 0, "the file begins with a byte-order mark", "send Shift_JIS without one")
    if raw.endswith(CRLF) and len(raw) <= LONGEST_LINE:
        return
    if raw.endswith(b"\n") and len(raw) <= LONGEST_LINE:
        raise WrongField("line_end", len(raw) - 1, "the line ends with LF alone", "each line ends with CRLF")
    if len(raw) > LONGEST_LINE:
        right = f"a line has at most {LONGEST_LINE} bytes and ends with CRLF"
        raise WrongField("record_length", LONGEST_LINE, f"the line is longer than {LONGEST_LINE} bytes", right)
    wrong = f"the file stops after {len(raw)} bytes of a line"
    raise WrongField("truncated", len(raw), wrong, "each line ends with CRLF")


def _record(raw: bytes) -> ReceiptRecord:
    columns = raw.split(b",")
    if len(columns) != COLUMNS:
        raise WrongField("record_length", 0, f"there are {len(columns)} columns", f"a line has {COLUMNS} columns")
    kind, paid_on, paid_at, ean, reference, accounted, stamp, amount, code, name, shop, transfer, created = columns
    if not (len(kind) == 2 and len(paid_on) == 8 and len(paid_at) == 4 and ean[:3] == b"EAN" and len(ean) == 47):
        _diagnose(columns)
    found = a_kind(raw, 0)
    digits = a_barcode(raw, 20)
    place = 65
    payment = a_reference(reference, place) if reference.strip(b" ") else ""
    if len(payment) != len(reference):
        wrong_field(place, reference, "user field 1 holds a payment's reference or nothing")
    place += len(reference) + 1
    accounted_on = _day_in(accounted, place)
    place += len(accounted) + 1
    if (stamp, amount) != (ean[39:40], b"%d" % int(ean[40:46])):
        wrong_field(place, stamp + b"," + amount, f"the barcode says {digits[36]},{int(digits[37:43])}")
    place += len(stamp) + len(amount) + 2
    channel = _channel(code, name, place)
    place += len(code) + len(name) + 2
    shop_code = half_width(shop, 0, 7) if len(shop) <= 7 else wrong_field(place, shop, "at most 7 characters")
    place += len(shop) + 1
    transfer_on = _transfer(transfer, found, place)
    place += len(transfer) + 1
    return ReceiptRecord(
        found,
        a_day(raw, 3),
        a_time(raw, 12),
        digits,
        payment,
        shop_code,
        _day_in(created, place),
        transfer_on,
        accounted_on,
        channel,
    )


def _diagnose(columns: list[bytes]) -> None:
    """Raises `WrongField` for the first of the fixed-width columns that is malformed, if any."""
    at = 0
    for column, width, right, code in (
        (columns[0], 2, "the kind is 01 (速報), 02 (確報) or 03 (速報取消)", "kind"),
        (columns[1], 8, "a calendar date as YYYYMMDD belongs here", "date"),
        (columns[2], 4, "a time from 0000 to 2359 belongs here", "time"),
        (columns[3], 47, "EAN and a barcode of 44 digits belong here", "barcode"),
    ):
        if len(column) != width or (width == 47 and not column.startswith(b"EAN")):
            wrong_field(at, column, right, code)
        at += width + 1


def _day_in(column: bytes, at: int) -> date:
    found = fields.day_or_none(column)
    return found or wrong_field(at, column, "a calendar date as YYYYMMDD belongs here", "date")


def _transfer(column: bytes, kind: ReceiptKind, at: int) -> date | None:
    if column == b"0":
        return None
    if kind is not ReceiptKind.CONFIRMED:
        wrong_field(at, column, "only 確報 (02) has a transfer date; other kinds have 0", "date")
    return _day_in(column, at)


@lru_cache(1024)
def _channel(code: bytes, name: bytes, at: int) -> str:
    """The channel in four digits. Its name must be Shift_JIS, and for a known channel the known name."""
    if not code.isdigit() or code != b"%d" % int(code) or int(code) > 9999:
        wrong_field(at, code, "a channel is a number of at most four digits, e.g. 680")
    channel = f"{int(code):04d}"
    try:
        text = name.decode(fields.SHIFT_JIS)
    except UnicodeDecodeError as wrong:
        place = at + len(code) + 1 + wrong.start
        raise WrongField("encoding", place, f"there is {shown(name)}", "text is in Shift_JIS") from None
    known = CHANNEL_NAMES.get(channel, text)
    if text != known or len(name) > _NAME_BYTES:
        wrong_field(at + len(code) + 1, name, f"the name of channel {channel} is {known}", "encoding")
    return channel
