"""Deposit notices of 全銀: published record lengths, era dates, round trips, every kind of damage by line and byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.formats.damage import WrongField
from contracts.formats.zengin import (
    HEISEI_BEGAN,
    NO_BILL,
    REIWA_BEGAN,
    Account,
    AccountEntry,
    Header,
    Kind,
    Totals,
    TransferNotice,
    era_day,
    put_era_day,
)
from contracts.formats.zengin_file import LINE_BYTES, read, write
from contracts.vocabulary import Yen
from tests.unit.damaged_files import found_at, in_pieces, is_found_or_differs, put, with_byte
from tests.unit.receipt_records import digits, half_width

ON = date(2021, 7, 26)
ACCOUNT = Account("0001", "ﾐｽﾞﾎ", "110", "ｼﾝｼﾞﾕｸ", "1", "1234567", "ｼﾝｼﾞﾕｸｸ")

# 全国銀行協会 (全銀協標準通信プロトコル): lengths of the fields, as banks publish them for their customers.
PUBLISHED_LENGTHS = {
    "01 header": (1, 2, 1, 6, 6, 6, 4, 15, 3, 15, 1, 7, 40, 93),
    "01 data": (1, 6, 6, 6, 10, 10, 10, 48, 15, 15, 1, 20, 52),
    "01 trailer": (1, 6, 12, 6, 12, 163),
    "01 end": (1, 199),
    "03 header": (1, 2, 1, 6, 6, 6, 4, 15, 3, 15, 3, 1, 10, 40, 1, 1, 14, 71),
    "03 data": (1, 8, 6, 6, 1, 2, 12, 12, 6, 6, 1, 7, 3, 10, 48, 15, 15, 20, 20, 1),
    "03 trailer": (1, 6, 13, 6, 13, 1, 14, 7, 139),
    "03 end": (1, 10, 5, 184),
}


def transfer(**changes: Any) -> TransferNotice:
    return TransferNotice("000001", ON, ON, Yen(8_500), "0000000680", "ﾕ-ｼ-ｶ-ﾄﾞ(ｶ", "ﾐｽﾞﾎ", "ﾎﾝﾃﾝ")._replace(**changes)


def entry(**changes: Any) -> AccountEntry:
    paid = AccountEntry("00000001", ON, ON, True, "11", Yen(8_500), "0000000680", "ﾕ-ｼ-ｶ-ﾄﾞ(ｶ", summary="ﾌﾘｺﾐ")
    return paid._replace(**changes)


def header(kind: Kind, balance: int = 0) -> Header:
    return Header(kind, ON, date(2021, 7, 1), ON, ACCOUNT, balance)


TRANSFERS = (header(Kind.TRANSFERS_RECEIVED), (transfer(), transfer(inquiry_number="000002", cancelled=True)))
ENTRIES = (
    header(Kind.ACCOUNT_ENTRIES, -1_000),
    (entry(), entry(inquiry_number="00000002", is_deposit=False, amount=Yen(500), transaction="14")),
)
CONTENT = {
    "01": b"".join(write([TRANSFERS])),
    "03": b"".join(write([ENTRIES])),
}
each_kind = pytest.mark.parametrize("kind", CONTENT)
reading = partial(read, received_on=ON)


def fields_of(kind: str, name: str, line: int) -> list[bytes]:
    """A record cut at the published lengths."""
    raw, found = CONTENT[kind][(line - 1) * LINE_BYTES :], []
    for length in PUBLISHED_LENGTHS[f"{kind} {name}"]:
        found.append(raw[:length])
        raw = raw[length:]
    assert raw[:2] == b"\r\n"
    return found


# ---- the layouts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", PUBLISHED_LENGTHS.values(), ids=PUBLISHED_LENGTHS)
def test_the_published_lengths_make_records_of_200_bytes(lengths: tuple[int, ...]) -> None:
    assert sum(lengths) == 200


@each_kind
def test_every_record_has_200_bytes_and_crlf(kind: str) -> None:
    lines = in_pieces(CONTENT[kind], 202)
    assert [(line[:1], len(line), line[200:]) for line in lines] == [
        (c, 202, b"\r\n") for c in (b"1", b"2", b"2", b"8", b"9")
    ]


def test_a_transfer_notice_has_its_fields_where_they_are_published() -> None:
    head = fields_of("01", "header", 1)
    assert head[:7] == [b"1", b"01", b"0", b"030726", b"030701", b"030726", b"0001"]
    assert head[10:13] == [b"1", b"1234567", "ｼﾝｼﾞﾕｸｸ".encode("shift_jis").ljust(40)]
    data = fields_of("01", "data", 3)
    assert data[:7] == [b"2", b"000002", b"030726", b"030726", b"0000008500", b"0000000000", b"0000000680"]
    assert data[7] == "ﾕ-ｼ-ｶ-ﾄﾞ(ｶ".encode("shift_jis").ljust(48)
    assert data[10] == b"1"
    assert fields_of("01", "trailer", 4)[:5] == [b"8", b"000001", b"000000008500", b"000001", b"000000008500"]
    assert fields_of("01", "end", 5) == [b"9", b" " * 199]


def test_an_account_entry_has_its_fields_where_they_are_published() -> None:
    head = fields_of("03", "header", 1)
    assert head[10:13] == [b"   ", b"1", b"0001234567"]
    assert head[14:17] == [b"2", b"1", b"00000000001000"]
    data = fields_of("03", "data", 3)
    assert data[:8] == [b"2", b"00000002", b"030726", b"030726", b"2", b"14", b"000000000500", b"0" * 12]
    assert data[8:13] == [b"000000", b"000000", b" ", b"0000000", b"000"]
    assert data[17] == "ﾌﾘｺﾐ".encode("shift_jis").ljust(20)
    trailer = fields_of("03", "trailer", 4)
    assert trailer[1:5] == [b"000001", b"0000000008500", b"000001", b"0000000000500"]
    assert trailer[5:8] == [b"1", b"00000000007000", b"0000002"]
    assert fields_of("03", "end", 5)[1:3] == [b"0000000005", b"00001"]


# ---- dates of the era (元号を改める政令: 昭和64年政令第1号, 平成31年政令第143号) ----


@pytest.mark.parametrize(
    ("day", "digits"),
    [
        (date(1989, 1, 8), b"010108"),  # 平成元年
        (date(2018, 12, 31), b"301231"),
        (date(2019, 4, 30), b"310430"),  # the last day of 平成
        (date(2019, 5, 1), b"010501"),  # the first of 令和
        (date(2020, 1, 1), b"020101"),
        (date(2021, 8, 2), b"030802"),
        (date(2117, 12, 31), b"991231"),
    ],
)
def test_an_era_date_is_written_and_read(day: date, digits: bytes) -> None:
    assert put_era_day(day) == digits
    assert era_day(digits, 0, made_on=day) == day


@pytest.mark.parametrize(
    ("digits", "made_on", "day"),
    [
        (b"030802", date(2021, 8, 3), date(2021, 8, 2)),
        (b"030802", date(1991, 8, 3), date(1991, 8, 2)),
        (b"310430", date(2019, 5, 7), date(2019, 4, 30)),
        (b"310430", date(2049, 5, 1), date(2049, 4, 30)),
        (b"310501", date(2019, 5, 7), date(2049, 5, 1)),  # 平成31年 had no May
        (b"010430", date(2019, 5, 7), date(1989, 4, 30)),  # 令和元年 began in May
        (b"010107", date(2019, 5, 7), None),  # still 昭和64年
        (b"010501", date(2019, 5, 7), date(2019, 5, 1)),
        (b"000101", date(2019, 5, 7), None),
        (b"030230", date(2021, 5, 7), None),
        (b" 30802", date(2021, 5, 7), None),
    ],
)
def test_two_digits_of_a_year_mean_the_day_of_either_era_that_is_nearer(
    digits: bytes, made_on: date, day: date | None
) -> None:
    if day is not None:
        assert era_day(digits, 0, made_on) == day
    else:
        with pytest.raises(WrongField):
            era_day(digits, 0, made_on)


@given(st.dates(HEISEI_BEGAN, date(2117, 12, 31)), st.integers(-5_000, 5_000))
def test_a_day_is_read_as_written_by_whoever_reads_it_within_years(day: date, later: int) -> None:
    near = date.fromordinal(day.toordinal() + later)
    assert era_day(put_era_day(day), 0, near) == day


@pytest.mark.parametrize("day", [date(1989, 1, 7), date(2118, 1, 1)])
def test_a_day_of_another_era_has_no_two_digits(day: date) -> None:
    with pytest.raises(ValueError, match="平成 or 令和"):
        put_era_day(day)


def test_the_era_changed_on_the_day_that_it_did() -> None:
    assert date(2019, 5, 1) == REIWA_BEGAN


# ---- round trips ------------------------------------------------------------------------------------------

yen = st.integers(0, 10**10 - 1).map(Yen)
near_days = st.dates(date(2019, 1, 1), date(2024, 12, 31))
accounts = st.builds(
    Account,
    digits(4),
    half_width(15),
    digits(3),
    half_width(15),
    digits(1),
    digits(7).filter(lambda number: number[0] != "0"),
    half_width(40),
)
names = {"payer_code": digits(10), "payer_name": half_width(48), "bank_name": half_width(15)}
transfers = st.builds(
    TransferNotice,
    inquiry_number=digits(6),
    posted_on=near_days,
    value_on=near_days,
    amount=yen,
    branch_name=half_width(15),
    cancelled=st.booleans(),
    edi=half_width(20),
    other_branch_cheques=yen,
    **names,
)
entries = st.builds(
    AccountEntry,
    inquiry_number=digits(8),
    posted_on=near_days,
    value_on=near_days,
    is_deposit=st.booleans(),
    transaction=digits(2),
    amount=yen,
    branch_name=half_width(15),
    summary=half_width(20),
    edi=half_width(20),
    other_branch_cheques=yen,
    bill=st.just(NO_BILL) | digits(23),
    **names,
)


def headers(kind: Kind) -> st.SearchStrategy[Header]:
    balances = st.just(0) if kind is Kind.TRANSFERS_RECEIVED else st.integers(-(10**12), 10**12)
    return st.builds(Header, st.just(kind), near_days, near_days, near_days, accounts, balances)


def blocks(kind: Kind) -> st.SearchStrategy[list[tuple[Header, tuple[Any, ...]]]]:
    rows: st.SearchStrategy[Any] = transfers if kind is Kind.TRANSFERS_RECEIVED else entries
    return st.lists(st.tuples(headers(kind), st.lists(rows, max_size=4).map(tuple)), max_size=3)


@pytest.mark.parametrize("kind", Kind)
@given(data=st.data(), size=st.integers(1, 500))
def test_a_file_survives_writing_and_reading_in_pieces_of_any_size(kind: Kind, data: st.DataObject, size: int) -> None:
    wanted = data.draw(blocks(kind))
    got = reading(in_pieces(b"".join(write(wanted)), size))
    assert [line for line in got if not isinstance(line, Totals)] == [x for head, rows in wanted for x in (head, *rows)]


def test_the_totals_are_told_after_the_rows() -> None:
    assert list(reading([CONTENT["01"]]))[-1] == Totals(1, 8_500, 1, 8_500)
    assert list(reading([CONTENT["03"]]))[-1] == Totals(1, 8_500, 1, 500, 7_000)


# ---- damage -----------------------------------------------------------------------------------------------


def altered(kind: str, line: int, at: int, text: bytes) -> bytes:
    return put(CONTENT[kind], line, at, text, LINE_BYTES)


T, E = CONTENT["01"], CONTENT["03"]
DAMAGES = {
    "nothing at all": (b"", "missing_end", 1, 1),
    "cut within a record": (T[:300], "truncated", 2, 301),
    "cut before the trailer": (T[: 3 * 202], "missing_trailer", 4, 607),
    "cut before the end": (T[: 4 * 202], "missing_end", 5, 809),
    "no header": (T[202:], "record_order", 1, 1),
    "a header before the trailer": (T[:404] + T, "missing_trailer", 3, 405),
    "LF alone": (T.replace(b"\r\n", b"\n"), "line_end", 1, 201),
    "a record too short": (T[:250] + T[260:], "record_length", 2, 393),
    "after the end": (T + b"\x1a", "after_end", 6, 1_011),
    "unknown record": (altered("01", 2, 1, b"7"), "record_kind", 2, 203),
    "unknown kind": (altered("01", 1, 2, b"02"), "record_kind", 1, 2),
    "EBCDIC": (altered("01", 1, 4, b"1"), "encoding", 1, 4),
    "no day": (altered("01", 2, 8, b"030230"), "date", 2, 210),
    "letters in an amount": (altered("01", 2, 20, b"x"), "field", 2, 222),
    "a name in full width": (altered("01", 2, 50, "新".encode("cp932")), "encoding", 2, 252),
    "cancelled how": (altered("01", 2, 128, b"2"), "field", 2, 330),
    "unused place": (altered("01", 2, 200, b"x"), "field", 2, 402),
    "wrong count": (altered("01", 4, 2, b"000002"), "count", 4, 608),
    "wrong total": (altered("01", 4, 19, b"1"), "total", 4, 614),
    "wrong total of the cancelled": (altered("01", 4, 37, b"1"), "total", 4, 632),
    "two kinds in one file": (T[: 4 * 202] + E, "record_kind", 5, 810),
    "in or out": (altered("03", 2, 22, b"3"), "field", 2, 224),
    "wrong balance": (altered("03", 4, 54, b"1"), "total", 4, 646),
    "wrong sign": (altered("03", 4, 40, b"2"), "total", 4, 646),
    "wrong number of rows": (altered("03", 4, 61, b"3"), "count", 4, 661),
    "wrong number of records": (altered("03", 5, 11, b"6"), "count", 5, 810),
    "wrong number of accounts": (altered("03", 5, 16, b"2"), "count", 5, 820),
    "neither passbook nor": (altered("03", 1, 115, b"3"), "field", 1, 115),
    "a balance of 0 below zero": (
        put(b"".join(write([(header(Kind.ACCOUNT_ENTRIES), ())])), 1, 114, b"2", LINE_BYTES), "field", 1, 114,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "line", "byte"), DAMAGES.values(), ids=DAMAGES)
def test_damage_is_told_by_its_code_line_and_byte(content: bytes, code: str, line: int, byte: int) -> None:
    assert found_at(reading, content) == (code, line, byte)


@each_kind
@given(data=st.data())
def test_any_one_byte_that_is_altered_is_found_or_changes_what_is_read(kind: str, data: st.DataObject) -> None:
    content = CONTENT[kind]
    at = data.draw(st.integers(0, len(content) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    assert is_found_or_differs(reading, content, with_byte(content, at, value))


@pytest.mark.parametrize(
    "wrong",
    [
        [(header(Kind.TRANSFERS_RECEIVED), (entry(),))],
        [TRANSFERS, ENTRIES],
        [(header(Kind.TRANSFERS_RECEIVED), (transfer(amount=Yen(10**10)),))],
        [(header(Kind.TRANSFERS_RECEIVED), (transfer(payer_name="ユーシーカード"),))],
    ],
)
def test_what_the_layout_has_no_room_for_is_not_written(wrong: Iterable[Any]) -> None:
    with pytest.raises(ValueError, match=r"belong|fit|half-width"):
        list(write(wrong))


def test_rows_are_given_before_the_file_is_read_to_its_end() -> None:
    lines: Iterator[Any] = reading([T[:500]])
    assert [next(lines), next(lines)] == [header(Kind.TRANSFERS_RECEIVED), transfer()]
