"""The CSV layout of receipt data: columns, round trips, every kind of damage by line and byte."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.formats.receipt_csv import read, write
from contracts.formats.receipt_record import ReceiptRecord
from contracts.vocabulary import ReceiptKind
from tests.unit import receipt_records as made
from tests.unit.damaged_files import damage_of, found_at, in_pieces, is_found_or_differs, with_byte

ONE = b"".join(write([made.record()]))
SEVERAL = b"".join(write([made.record(kind, barcode) for kind in ReceiptKind for barcode in made.PUBLISHED]))
FIRST = "01,20210701,2015,EAN91912345001044103000123450100021080200085001,"


def test_a_line_has_the_columns_of_the_layout() -> None:
    reference = made.record().reference
    rest = f"{reference},20210701,0,8500,680,クレジットカード(公金),UC,0,20210701\r\n"
    assert ONE.decode("shift_jis") == FIRST + rest


@given(st.lists(made.records(), max_size=8), st.integers(1, 300))
def test_a_file_survives_writing_and_reading_in_pieces_of_any_size(rows: list[ReceiptRecord], size: int) -> None:
    content = b"".join(write(rows))
    assert list(read(in_pieces(content, size))) == rows
    assert list(read(io.BytesIO(content))) == rows


def replaced(column: int, text: str | bytes, content: bytes = ONE) -> bytes:
    columns = content[:-2].split(b",")
    columns[column - 1] = text if isinstance(text, bytes) else text.encode("cp932")
    return b",".join(columns) + b"\r\n"


DAMAGES = {
    "cut within a line": (ONE[:-10], "truncated", 1, len(ONE) - 9),
    "cut within the line end": (ONE[:-1], "truncated", 1, len(ONE)),
    "LF alone": (ONE + ONE[:-2] + b"\n", "line_end", 2, 2 * len(ONE) - 1),
    "a column too many": (ONE[:-2] + b",\r\n", "record_length", 1, 1),
    "a line without end": (ONE + b"0" * 500, "record_length", 2, len(ONE) + 401),
    "an empty line": (ONE + b"\r\n", "record_length", 2, len(ONE) + 1),
    "kind 04": (replaced(1, "04"), "kind", 1, 1),
    "kind of three": (replaced(1, "001"), "kind", 1, 1),
    "no day": (replaced(2, "20210230"), "date", 1, 4),
    "a short day": (replaced(2, "2021701"), "date", 1, 4),
    "25 o'clock": (replaced(3, "2500"), "time", 1, 13),
    "a short time": (replaced(3, "915"), "time", 1, 13),
    "another code": (replaced(4, "JAN" + made.PUBLISHED[3]), "barcode", 1, 18),
    "wrong check digit": (replaced(4, "EAN" + made.PUBLISHED[3][:43] + "2"), "barcode", 1, 64),
    "no reference": (replaced(5, "a-payment"), "field", 1, 66),
    "spaces for a reference": (replaced(5, " " * 26), "field", 1, 66),
    "no accounting date": (replaced(6, ""), "date", 1, 93),
    "another stamp flag": (replaced(7, "1"), "field", 1, 102),
    "another amount": (replaced(8, "8501"), "field", 1, 102),
    "an amount with zeros": (replaced(8, "08500"), "field", 1, 102),
    "no channel": (replaced(9, "x"), "field", 1, 109),
    "a channel with zeros": (replaced(9, "0680"), "field", 1, 109),
    "another name of the channel": (replaced(10, "クレジット"), "encoding", 1, 113),
    "a name in UTF-8": (replaced(10, "クレジットカード(公金)".encode()), "encoding", 1, 124),
    "a long shop code": (replaced(11, "TOO LONG"), "field", 1, 136),
    "a transfer date of a preliminary record": (replaced(12, "20210726"), "date", 1, 139),
    "no transfer date": (replaced(12, "1"), "date", 1, 139),
    "no day of creation": (replaced(13, "00000000"), "date", 1, 141),
    "a byte-order mark": (b"\xef\xbb\xbf" + ONE, "encoding", 1, 1),
}


@pytest.mark.parametrize(("content", "code", "line", "byte"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_told_by_its_code_line_and_byte(content: bytes, code: str, line: int, byte: int) -> None:
    assert found_at(read, content) == (code, line, byte)


def test_a_name_that_is_not_shift_jis_is_reported_with_the_first_wrong_byte() -> None:
    other_channel = replaced(10, b"\x83", replaced(9, "999"))
    assert found_at(read, other_channel) == ("encoding", 1, 113)


@given(st.data())
def test_any_one_byte_that_is_altered_is_found_or_changes_what_is_read(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SEVERAL) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != SEVERAL[at]))
    assert is_found_or_differs(read, SEVERAL, with_byte(SEVERAL, at, value))


@given(st.binary(min_size=1, max_size=1_000))
def test_any_bytes_are_a_file_or_damaged(content: bytes) -> None:
    assert damage_of(read, content + b"\x00").right


def test_a_shop_code_with_a_comma_is_not_written() -> None:
    with pytest.raises(ValueError, match="comma"):
        list(write([made.record()._replace(shop="A,B")]))
