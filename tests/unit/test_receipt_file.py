"""The fixed layout of receipt data: places of the fields, round trips, every kind of damage by line and byte."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.formats import receipt_file
from contracts.formats.receipt_file import (
    LINE_BYTES,
    BlockTotals,
    FileEnd,
    FileHeader,
    read,
    write,
)
from contracts.formats.receipt_record import KindTotals, ReceiptRecord, payment_of, reference_of
from contracts.vocabulary import ReceiptKind
from tests.unit import receipt_records as made
from tests.unit.damaged_files import damage_of, found_at, in_pieces, is_found_or_differs, put, with_byte

BLOCKS = st.lists(st.tuples(made.headers, st.lists(made.records(), max_size=4)), max_size=3)
ONE = b"".join(write([(made.HEADER, [made.record()])]))
"""A header, one record, trailer, end."""
SEVERAL = b"".join(
    write(
        [
            (made.HEADER, [made.record(kind) for kind in ReceiptKind]),
            (made.HEADER._replace(company="00999", name=""), [made.record(barcode=b) for b in made.PUBLISHED]),
        ]
    )
)


def line(content: bytes, number: int) -> bytes:
    return content[(number - 1) * LINE_BYTES : number * LINE_BYTES]


def altered(line_number: int, at: int, text: bytes, content: bytes = ONE) -> bytes:
    return put(content, line_number, at, text, LINE_BYTES)


# ---- the layout -------------------------------------------------------------------------------------------


def test_every_line_has_120_bytes_and_crlf() -> None:
    lines = in_pieces(SEVERAL, 122)
    assert {(len(piece), piece[120:]) for piece in lines} == {(122, b"\r\n")}
    assert [piece[:1] for piece in lines] == [b"1", b"2", b"2", b"2", b"8", b"1", b"2", b"2", b"2", b"2", b"8", b"9"]


def test_a_header_has_its_fields_where_the_layout_says() -> None:
    header = line(ONE, 1)
    assert header[1:9] == b"20210702"
    assert (header[9:14], header[14:19]) == (b"00680", b"00104")
    assert header[19:59] == "ｼﾝｼﾞﾕｸｸ ｶｲｺﾞﾎｹﾝｶ".encode("shift_jis").ljust(40)
    assert header[59:120] == b" " * 61


@pytest.mark.parametrize("barcode", made.PUBLISHED)
def test_a_data_record_has_its_fields_where_the_layout_says(barcode: str) -> None:
    data = line(b"".join(write([(made.HEADER, [made.record(ReceiptKind.CONFIRMED, barcode)])])), 2)
    assert data[1:3] == b"02"
    assert data[3:15] == b"202107012015"
    assert data[15:59] == barcode.encode()
    assert data[62:69] == b"UC     "
    assert (data[69:77], data[77:85], data[93:101]) == (b"20210701", b"20210726", b"20210701")
    assert data[101:105] == b"0680"
    reference = data[59:62] + data[85:93] + data[105:120]
    assert payment_of(reference.decode()) == made.PAYMENT


def test_a_preliminary_record_says_no_transfer_date_and_a_sender_may_leave_the_unused_places_blank() -> None:
    data = line(b"".join(write([(made.HEADER, [made.record()._replace(reference="")])])), 2)
    assert data[77:85] == b"00000000"
    assert (data[59:62], data[85:93], data[105:120]) == (b" " * 3, b" " * 8, b" " * 15)


def test_the_trailer_tells_count_and_yen_of_each_kind_and_the_end_all_records() -> None:
    assert line(SEVERAL, 5)[:68] == b"8" + b"0000000100000000008500" * 3 + b" "
    yen = 123_000 + 31_290 + 10_605 + 8_500
    assert line(SEVERAL, 11)[:68] == b"8%08d%014d" % (4, yen) + b"0" * 44 + b" "
    assert line(SEVERAL, 12) == b"900000012".ljust(120) + b"\r\n"


def test_what_is_read_says_what_the_trailer_said() -> None:
    _, *rows, totals, end = read([ONE])
    assert rows == [made.record()]
    assert totals == BlockTotals(
        {
            ReceiptKind.PRELIMINARY: KindTotals(1, 8_500),
            ReceiptKind.CONFIRMED: KindTotals(),
            ReceiptKind.CANCELLED: KindTotals(),
        }
    )
    assert end == FileEnd(4)
    assert (made.record().amount, made.record().slip_number) == (8_500, "001044103000123450100")


def test_a_file_without_records_is_an_end_alone() -> None:
    assert list(write([])) == [b"900000001".ljust(120) + b"\r\n"]
    assert list(read(write([]))) == [FileEnd(1)]


# ---- round trips ------------------------------------------------------------------------------------------


@given(BLOCKS, st.integers(1, 300))
def test_a_file_survives_writing_and_reading_in_pieces_of_any_size(
    blocks: list[tuple[FileHeader, list[ReceiptRecord]]], size: int
) -> None:
    content = b"".join(write(blocks))
    got = list(read(in_pieces(content, size)))
    assert got == list(read(io.BytesIO(content)))
    wanted = [part for header, rows in blocks for part in (header, *rows)]
    assert [part for part in got if isinstance(part, FileHeader | ReceiptRecord)] == wanted


@given(made.uuids)
def test_a_payments_reference_has_26_characters_and_gives_the_payment_back(payment_id: str) -> None:
    reference = reference_of(payment_id)
    assert len(reference) == 26
    assert payment_of(reference) == payment_id


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "0" * 25 + "1", "W" * 26, "あ" * 26])
def test_what_is_no_reference_names_no_payment(text: str) -> None:
    with pytest.raises(ValueError, match="not a payment reference"):
        payment_of(text)


def test_a_long_file_is_written_and_read_in_little_memory() -> None:
    count = 20_000
    rows = (made.record() for _ in range(count))
    tracemalloc.start()
    try:
        assert sum(1 for _ in receipt_file.records(write([(made.HEADER, rows)]))) == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < count * LINE_BYTES / 4


# ---- damage -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Damage:
    """A damaged file, and what must be said of it: code, line and byte from 1."""

    content: bytes
    code: str
    line: int
    byte: int


WRONG_DIGIT = made.PUBLISHED[3][:43] + "2"
DAMAGES = {
    "nothing at all": Damage(b"", "missing_end", 1, 1),
    "cut within a record": Damage(ONE[:200], "truncated", 2, 201),
    "cut within the line end": Damage(ONE[:-1], "truncated", 4, len(ONE)),
    "cut before the trailer": Damage(ONE[: 2 * LINE_BYTES], "missing_trailer", 3, 245),
    "cut before the end": Damage(ONE[: 3 * LINE_BYTES], "missing_end", 4, 367),
    "a header before the trailer": Damage(ONE[:244] + ONE[:122] + ONE[244:], "missing_trailer", 3, 245),
    "no header": Damage(ONE[122:], "record_order", 1, 1),
    "a trailer first": Damage(ONE[244:], "record_order", 1, 1),
    "a record too short": Damage(ONE[:200] + ONE[201:], "record_length", 2, 242),
    "a record too long": Damage(ONE[:200] + b" " + ONE[200:], "line_end", 2, 243),
    "LF alone": Damage(ONE.replace(b"\r\n", b"\n"), "line_end", 1, 121),
    "CR alone": Damage(altered(1, 122, b" "), "line_end", 1, 121),
    "something after the end": Damage(ONE + b"\x1a", "after_end", 5, 489),
    "a record after the end": Damage(ONE + ONE, "after_end", 5, 489),
    "unknown record": Damage(altered(2, 1, b"3"), "record_kind", 2, 123),
    "kind 04": Damage(altered(2, 2, b"04"), "kind", 2, 124),
    "the 30th of February": Damage(altered(2, 4, b"20210230"), "date", 2, 126),
    "no day in the header": Damage(altered(1, 2, b"20211301"), "date", 1, 2),
    "24 o'clock": Damage(altered(2, 12, b"2400"), "time", 2, 134),
    "minute 60": Damage(altered(2, 12, b"2360"), "time", 2, 134),
    "wrong check digit": Damage(altered(2, 16, WRONG_DIGIT.encode()), "barcode", 2, 181),
    "no digit in the barcode": Damage(altered(2, 30, b"X"), "barcode", 2, 138),
    "another identifier": Damage(altered(2, 16, b"92"), "barcode", 2, 138),
    "half a reference": Damage(altered(2, 60, b"   "), "field", 2, 182),
    "a transfer date of a preliminary record": Damage(altered(2, 78, b"20210726"), "date", 2, 200),
    "no accounting date": Damage(altered(2, 94, b"00000000"), "date", 2, 216),
    "letters in the channel": Damage(altered(2, 102, b"06 0"), "field", 2, 224),
    "letters in the agency code": Damage(altered(1, 10, b"A"), "field", 1, 10),
    "unused place of a header": Damage(altered(1, 100, b"x"), "field", 1, 100),
    "unused place of the trailer": Damage(altered(3, 68, b"0"), "field", 3, 312),
    "unused place of the end": Damage(altered(4, 120, b"0"), "field", 4, 486),
    "wrong count": Damage(altered(3, 9, b"2"), "count", 3, 246),
    "wrong total": Damage(altered(3, 23, b"1"), "total", 3, 254),
    "count of another kind": Damage(altered(3, 31, b"1"), "count", 3, 268),
    "letters in a total": Damage(altered(3, 23, b"x"), "field", 3, 254),
    "wrong number of records": Damage(altered(4, 9, b"3"), "count", 4, 368),
    "a name in UTF-8": Damage(altered(1, 20, "ｼ".encode()), "encoding", 1, 20),
    "a name in full width": Damage(altered(1, 20, "新".encode("cp932")), "encoding", 1, 20),
    "a byte-order mark": Damage(b"\xef\xbb\xbf" + ONE, "encoding", 1, 1),
    "UTF-16": Damage(ONE.decode("cp932").encode("utf-16-le"), "line_end", 1, 121),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damage_is_told_by_its_code_line_and_byte(damage: Damage) -> None:
    assert found_at(read, damage.content) == (damage.code, damage.line, damage.byte)


def test_a_damage_says_what_is_wrong_and_what_would_be_right() -> None:
    said = str(damage_of(read, DAMAGES["wrong check digit"].content))
    assert "check digit is 2" in said
    assert "give 1" in said
    assert "¥8,501" in str(damage_of(read, DAMAGES["wrong total"].content))
    assert "the block has ¥8,500" in str(damage_of(read, DAMAGES["wrong total"].content))


def test_what_precedes_the_damage_is_read_before_it_is_found() -> None:
    reading: Iterator[object] = read([ONE[:200]])
    assert next(reading) == made.HEADER


@given(st.data())
def test_any_one_byte_that_is_altered_is_found_or_changes_what_is_read(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SEVERAL) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != SEVERAL[at]))
    assert is_found_or_differs(read, SEVERAL, with_byte(SEVERAL, at, value))


@given(st.integers(0, len(SEVERAL) - 1), st.integers(1, 400))
@example(0, LINE_BYTES)
def test_a_file_that_lacks_some_bytes_is_never_whole(at: int, length: int) -> None:
    assert damage_of(read, SEVERAL[:at] + SEVERAL[at + length :]).right


@given(st.binary(max_size=1_000))
def test_any_bytes_are_a_file_or_damaged(content: bytes) -> None:
    assert damage_of(read, content + b"\x00").right


# ---- what has no room -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        made.record()._replace(barcode=WRONG_DIGIT),
        made.record()._replace(barcode=""),
        made.record()._replace(barcode="９" * 44),
        made.record()._replace(transfer_on=date(2021, 7, 26)),
        made.record()._replace(shop="TOO LONG"),
        made.record()._replace(shop="店"),
        made.record()._replace(channel="680"),
        made.record()._replace(reference="X"),
    ],
)
def test_a_record_that_no_file_can_hold_is_not_written(wrong: ReceiptRecord) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(write([(made.HEADER, [wrong])]))


@pytest.mark.parametrize("wrong", [made.HEADER._replace(company="104"), made.HEADER._replace(name="新宿区")])
def test_a_header_that_no_file_can_hold_is_not_written(wrong: FileHeader) -> None:
    with pytest.raises(ValueError, match=r"digits|half-width"):
        list(write([(wrong, [])]))
