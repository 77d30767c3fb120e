"""The receipt data file (収納データ), fixed layout: records of 120 bytes and CRLF, Shift_JIS.

| header `1`       | data `2`                     | trailer `8`        | end `9`       |
|------------------|------------------------------|--------------------|---------------|
| 1 record         | 1 record                     | 1 record           | 1 record      |
| 2–9 created      | 2–3 kind                     | 2–9 count 01       | 2–9 records   |
| 10–14 agency     | 4–11 paid on                 | 10–23 yen 01       | 10–120 filler |
| 15–19 company    | 12–15 paid at, HHMM          | 24–31 count 02     |               |
| 20–59 name       | 16–59 barcode                | 32–45 yen 02       |               |
| 60–120 filler    | 60–62 filler (reference)     | 46–53 count 03     |               |
|                  | 63–69 shop                   | 54–67 yen 03       |               |
|                  | 70–77 data taken on          | 68–120 filler      |               |
|                  | 78–85 planned transfer       |                    |               |
|                  | 86–93 filler (reference)     |                    |               |
|                  | 94–101 accounting date       |                    |               |
|                  | 102–105 channel              |                    |               |
|                  | 106–120 filler (reference)   |                    |               |

A file has one block (header, data, trailer) per company code, and one end record. Header and data are as published.
Our assumptions: the contents of trailer and end (the end counts all records, including itself), and that the
3 + 8 + 15 unused bytes of a data record hold the payment's reference; a sender without references leaves them blank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from contracts.formats import byte_fields as fields
from contracts.formats.byte_fields import CRLF, Source, a_day, a_time, digits, half_width, number
from contracts.formats.damage import DamagedFile, WrongField, shown, wrong_field
from contracts.formats.receipt_record import KindTotals, ReceiptRecord, a_barcode, a_kind, a_reference, check
from contracts.vocabulary import ReceiptKind

RECORD_BYTES: Final = 120
LINE_BYTES: Final = RECORD_BYTES + len(CRLF)
COUNT_DIGITS: Final = 8
YEN_DIGITS: Final = 14
"""Width of the yen in a trailer, per kind. The end's count has `COUNT_DIGITS` digits, as a trailer's counts have."""
LINES_AT_ONCE: Final = 512

HEADER, DATA, TRAILER, END = b"1", b"2", b"8", b"9"
_NO_DAY: Final = b"00000000"
_REFERENCE_PLACES: Final = ((59, 62), (85, 93), (105, 120))
_TRAILER_END: Final = 1 + len(ReceiptKind) * (COUNT_DIGITS + YEN_DIGITS)


class FileHeader(NamedTuple):
    """The first record of a block."""

    created_on: date
    agency: str
    """収納機関: 5 digits."""
    company: str
    """企業コード: 5 digits, the first of the slips' free areas."""
    name: str
    """Half-width kana, at most 40 characters."""


class BlockTotals(NamedTuple):
    """The last record of a block: its count and yen per kind."""

    kinds: Mapping[ReceiptKind, KindTotals]


class FileEnd(NamedTuple):
    """The last record of the file."""

    records: int
    """All records of the file, including this one."""


Line = FileHeader | ReceiptRecord | BlockTotals | FileEnd
Block = tuple[FileHeader, Iterable[ReceiptRecord]]


# ---- writing ----------------------------------------------------------------------------------------------


def write(blocks: Iterable[Block]) -> Iterator[bytes]:
    """The file, `LINES_AT_ONCE` lines at a time. Raises `ValueError` for a value that does not fit the layout."""
    lines = _lines(blocks)
    while chunk := b"".join(islice(lines, LINES_AT_ONCE)):
        yield chunk


def _lines(blocks: Iterable[Block]) -> Iterator[bytes]:
    written = 1  # the end record
    for header, records in blocks:
        counts, yen = _Counter(), _Counter()
        yield _header(header) + CRLF
        for record in records:
            counts[record.kind] += 1
            yen[record.kind] += record.amount
            yield _data(record)
        yield _trailer({kind: KindTotals(counts[kind], yen[kind]) for kind in ReceiptKind}) + CRLF
        written += 2 + sum(counts.values())
    yield (END + fields.put_number(written, COUNT_DIGITS)).ljust(RECORD_BYTES) + CRLF


class _Counter(dict[ReceiptKind, int]):
    def __missing__(self, key: ReceiptKind) -> int:
        return 0


def _header(header: FileHeader) -> bytes:
    parts = (
        HEADER,
        fields.put_day(header.created_on),
        fields.put_digits(header.agency, 5),
        fields.put_digits(header.company, 5),
        fields.put_half_width(header.name, 40),
    )
    return b"".join(parts).ljust(RECORD_BYTES)


def _data(record: ReceiptRecord) -> bytes:
    check(record)
    r = record.reference or " " * 26
    transfer = "00000000" if record.transfer_on is None else _day(record.transfer_on)
    shop, channel = _shop_and_channel(record.shop, record.channel)
    return (
        f"2{record.kind.value}{_day(record.paid_on)}{_time(record.paid_time)}{record.barcode}{r[:3]}{shop}"
        f"{_day(record.created_on)}{transfer}{r[3:11]}{_day(record.accounted_on)}{channel}{r[11:]}\r\n"
    ).encode(fields.SHIFT_JIS)


@lru_cache(1024)
def _shop_and_channel(shop: str, channel: str) -> tuple[str, str]:
    return fields.put_half_width(shop, 7).decode(fields.SHIFT_JIS), fields.put_digits(channel, 4).decode("ascii")


@lru_cache(4096)
def _day(day: date) -> str:
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


@lru_cache(4096)
def _time(at: time) -> str:
    return f"{at:%H%M}"


def _trailer(kinds: Mapping[ReceiptKind, KindTotals]) -> bytes:
    parts = [TRAILER]
    for kind in ReceiptKind:
        count, amount = kinds[kind]
        parts += [fields.put_number(count, COUNT_DIGITS), fields.put_number(amount, YEN_DIGITS)]
    return b"".join(parts).ljust(RECORD_BYTES)


# ---- reading ----------------------------------------------------------------------------------------------


def read(source: Source) -> Iterator[Line]:
    """Every line of the file as it is read, in constant memory. Raises `DamagedFile` at the first error.

    The lines yielded before the error must not be used either: a file is valid only once it is read to its end.
    """
    reader, line, piece = _Reader(), 0, b""
    for line, piece in enumerate(fields.pieces(source, LINE_BYTES), 1):
        if reader.ended:
            raise DamagedFile(
                "after_end", line, (line - 1) * LINE_BYTES + 1, f"there is {shown(piece)}", "the end record is the last"
            )
        if piece[RECORD_BYTES:] != CRLF:
            raise fields.misaligned(line, piece, RECORD_BYTES)
        try:
            yield reader.take(piece)
        except WrongField as wrong:
            raise wrong.in_file(line, (line - 1) * LINE_BYTES) from None
    if not reader.ended:
        code, missing = ("missing_trailer", "trailer (8)") if reader.in_block else ("missing_end", "end record (9)")
        stops = "the file stops" if line else "the file is empty"
        raise DamagedFile(code, line + 1, line * LINE_BYTES + 1, stops, f"its {missing} is missing")


def records(source: Source) -> Iterator[ReceiptRecord]:
    """Only the data records; `read` checks the rest, and raises `DamagedFile`."""
    return (line for line in read(source) if isinstance(line, ReceiptRecord))


class _Reader:
    """Position in the file, and the counts and yen of the current block."""

    def __init__(self) -> None:
        self.ended, self.in_block = False, False
        self._lines = 0
        self._counts, self._yen = _Counter(), _Counter()

    def take(self, raw: bytes) -> Line:
        """The next line. Raises `WrongField`."""
        self._lines += 1
        mark = raw[:1]
        if mark == DATA and self.in_block:
            record = _read_data(raw)
            self._counts[record.kind] += 1
            self._yen[record.kind] += int(raw[52:58])
            return record
        wanted = (DATA, TRAILER) if self.in_block else (HEADER, END)
        if mark in wanted:
            return self._others[mark](self, raw)
        if mark not in (HEADER, DATA, TRAILER, END):
            wrong_field(0, mark, "a record begins with 1, 2, 8 or 9", "record_kind")
        words = " or ".join(f"{_WORDS[m]} ({m.decode()})" for m in wanted)
        code = "missing_trailer" if self.in_block else "record_order"
        raise WrongField(code, 0, f"there is a record {mark.decode()}", f"{words} must come here")

    def _header(self, raw: bytes) -> FileHeader:
        header = FileHeader(a_day(raw, 1), digits(raw, 9, 5), digits(raw, 14, 5), half_width(raw, 19, 40))
        fields.filler(raw, 59, RECORD_BYTES)
        self.in_block = True
        self._counts, self._yen = _Counter(), _Counter()
        return header

    def _trailer(self, raw: bytes) -> BlockTotals:
        said: dict[ReceiptKind, KindTotals] = {}
        for n, kind in enumerate(ReceiptKind):
            at = 1 + n * (COUNT_DIGITS + YEN_DIGITS)
            count, amount = number(raw, at, COUNT_DIGITS), number(raw, at + COUNT_DIGITS, YEN_DIGITS)
            if count != self._counts[kind]:
                wrong = f"the trailer says {count:,} records of kind {kind}"
                raise WrongField("count", at, wrong, f"the block has {self._counts[kind]:,}")
            if amount != self._yen[kind]:
                wrong = f"the trailer says ¥{amount:,} of kind {kind}"
                raise WrongField("total", at + COUNT_DIGITS, wrong, f"the block has ¥{self._yen[kind]:,}")
            said[kind] = KindTotals(count, amount)
        fields.filler(raw, _TRAILER_END, RECORD_BYTES)
        self.in_block = False
        return BlockTotals(said)

    def _end(self, raw: bytes) -> FileEnd:
        said = number(raw, 1, COUNT_DIGITS)
        fields.filler(raw, 1 + COUNT_DIGITS, RECORD_BYTES)
        if said != self._lines:
            raise WrongField("count", 1, f"the end says {said:,} records", f"the file has {self._lines:,}")
        self.ended = True
        return FileEnd(said)

    _others: Final[Mapping[bytes, Callable[[_Reader, bytes], Line]]] = {HEADER: _header, TRAILER: _trailer, END: _end}


_WORDS: Final = {HEADER: "a header", DATA: "data", TRAILER: "the trailer", END: "the end"}


def _read_data(raw: bytes) -> ReceiptRecord:
    kind = a_kind(raw, 1)
    reference = raw[59:62] + raw[85:93] + raw[105:120]
    transfer = raw[77:85]
    if transfer != _NO_DAY and kind is not ReceiptKind.CONFIRMED:
        wrong_field(77, transfer, "only 確報 (02) has a transfer date; other kinds have 00000000", "date")
    return ReceiptRecord(
        kind,
        a_day(raw, 3),
        a_time(raw, 11),
        a_barcode(raw, 15),
        a_reference(reference, 59),
        half_width(raw, 62, 7),
        a_day(raw, 69),
        None if transfer == _NO_DAY else a_day(raw, 77),
        a_day(raw, 93),
        digits(raw, 101, 4),
    )
