"""Deposit notices: a notice agrees with books of the same deposits; each deviation is found and named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.books import Books, DepositRow, ResolutionRow
from contracts.channels import SETTLERS
from contracts.formats import zengin_file
from contracts.formats.zengin import AccountEntry, Header, Kind, TransferNotice
from contracts.formats.zengin_file import LINE_BYTES
from contracts.vocabulary import Settler, Yen
from services.console.books.bank_notice import (
    WARD_ACCOUNT,
    Code,
    Difference,
    Notice,
    Period,
    block,
    differences,
    in_era,
    period_of,
    read,
    written,
)

FIRST = date(2019, 4, 1)
LAST = date(2019, 6, 30)
"""The era changes within this period."""
PERIOD = Period(FIRST, LAST)
KINDS = st.sampled_from(Kind)
each_kind = pytest.mark.parametrize("kind", Kind)


def deposits(days: st.SearchStrategy[date], least: int = 0) -> st.SearchStrategy[list[DepositRow]]:
    """Few settlers, days and amounts, so that some are equal but for their ids."""
    amounts = st.sampled_from((5_300, 8_500)) | st.integers(1, 9_999_999_999)
    settlers = st.sampled_from(Settler).map(lambda settler: settler.value)
    rows = st.builds(DepositRow, st.just(""), st.just("s"), settlers, amounts, days)
    named = st.lists(rows, min_size=least, max_size=12)
    return named.map(lambda some: [d._replace(deposit_id=f"d{n}") for n, d in enumerate(some)])


WITHIN = st.dates(FIRST, LAST) | st.just(date(2019, 5, 1))
ANY_DAY = WITHIN | st.dates(FIRST - timedelta(days=3), LAST + timedelta(days=3))
SOME = deposits(WITHIN, least=1)


def notice_of(came: Sequence[DepositRow], kind: Kind = Kind.TRANSFERS_RECEIVED, period: Period = PERIOD) -> Notice:
    (notice,) = read([written(kind, period, came)], LAST)
    return notice


def ward(booked: Sequence[DepositRow], resolutions: Sequence[ResolutionRow] = ()) -> Books:
    return Books("ward", deposits=booked, resolutions=resolutions)


def one(settler: Settler = Settler.UC, amount: int = 8_500, on: date = date(2019, 5, 7), name: str = "d") -> DepositRow:
    return DepositRow(name, "s", settler.value, amount, on)


# ---- written and read -------------------------------------------------------------------------------------


@given(deposits(ANY_DAY), KINDS)
def test_what_is_written_of_deposits_agrees_with_books_that_have_them(came: list[DepositRow], kind: Kind) -> None:
    notice = notice_of(came, kind)
    within = [d for d in came if PERIOD.covers(d.on)]
    assert notice.is_of_the_ward
    assert notice.period == PERIOD
    assert sorted((t.row.posted_on, t.settler, t.row.amount) for t in notice.came_in()) == sorted(
        (d.on, d.settler, d.amount) for d in within
    )
    assert differences(notice, ward(came)) == []
    assert (notice.totals.rows, notice.totals.amount) == (len(within), sum(d.amount for d in within))


@given(deposits(ANY_DAY), KINDS, st.data())
def test_the_bytes_depend_neither_on_ids_nor_on_their_order(
    came: list[DepositRow], kind: Kind, data: st.DataObject
) -> None:
    other = [d._replace(deposit_id=f"x{d.deposit_id}", statement_id="") for d in data.draw(st.permutations(came))]
    assert written(kind, PERIOD, other) == written(kind, PERIOD, came)


@given(deposits(ANY_DAY))
def test_the_balance_of_a_later_notice_is_where_the_one_before_ended(came: list[DepositRow]) -> None:
    middle = date(2019, 5, 1)
    before = notice_of(came, Kind.ACCOUNT_ENTRIES, Period(FIRST, middle - timedelta(days=1)))
    after = notice_of(came, Kind.ACCOUNT_ENTRIES, Period(middle, LAST))
    assert after.header.balance == before.totals.balance == sum(d.amount for d in came if d.on < middle)


@each_kind
def test_days_without_deposits_make_a_notice_without_rows(kind: Kind) -> None:
    notice = notice_of([one()], kind, Period(FIRST, FIRST))
    assert (notice.rows, notice.totals.rows, notice.totals.amount) == ([], 0, 0)
    assert differences(notice, ward([one()])) == []


def test_a_record_has_the_payers_words_in_jis_and_the_day_of_the_era() -> None:
    content = written(Kind.TRANSFERS_RECEIVED, PERIOD, [one()])
    assert [content[n : n + 1] for n in range(0, len(content), LINE_BYTES)] == [b"1", b"2", b"8", b"9"]
    assert content[LINE_BYTES:].startswith(b"20000010105070105070000008500")
    assert SETTLERS[Settler.UC].payer_name.encode("shift_jis") in content


def test_what_the_records_have_no_room_for_is_refused() -> None:
    with pytest.raises(ValueError, match="10000000000 does not fit into 10 digits"):
        written(Kind.TRANSFERS_RECEIVED, PERIOD, [one(amount=10**10)])
    assert notice_of([one(amount=10**10)], Kind.ACCOUNT_ENTRIES).totals.amount == 10**10


# ---- deviations -------------------------------------------------------------------------------------------


@given(SOME, KINDS, st.data())
def test_a_deposit_that_the_ward_has_not_is_named_with_its_line(
    came: list[DepositRow], kind: Kind, data: st.DataObject
) -> None:
    missed = data.draw(st.sampled_from(came))
    notice = notice_of(came, kind)
    (found,) = differences(notice, ward([d for d in came if d is not missed]))
    assert found[:5] == (Code.NOT_AT_WARD, missed.on, missed.settler, missed.amount, None)
    (row,) = [t.row for t in notice.rows if t.line == found.line]
    assert (row.posted_on, row.amount) == (missed.on, missed.amount)


@given(SOME, KINDS, st.data())
def test_a_deposit_that_the_bank_does_not_tell_is_named_with_its_id(
    came: list[DepositRow], kind: Kind, data: st.DataObject
) -> None:
    left_out = data.draw(st.sampled_from(came))
    (found,) = differences(notice_of([d for d in came if d is not left_out], kind), ward(came))
    assert found[:5] == (Code.NOT_IN_NOTICE, left_out.on, left_out.settler, None, left_out.amount)
    (booked,) = [d for d in came if d.deposit_id == found.deposit_id]
    assert booked[2:] == left_out[2:]


@given(SOME, KINDS, st.data(), st.booleans())
def test_a_deposit_that_one_side_has_twice_is_named(
    came: list[DepositRow], kind: Kind, data: st.DataObject, at_bank: bool
) -> None:
    doubled = data.draw(st.sampled_from(came))
    twice = [*came, doubled._replace(deposit_id="again")]
    (found,) = differences(notice_of(twice if at_bank else came, kind), ward(came if at_bank else twice))
    assert (found.code, found.on, found.settler) == (
        Code.NOT_AT_WARD if at_bank else Code.NOT_IN_NOTICE,
        doubled.on,
        doubled.settler,
    )
    assert (found.told if at_bank else found.booked) == doubled.amount


@given(SOME, KINDS, st.data(), st.integers(1, 9_999_999_999))
def test_another_amount_of_one_deposit_is_named(
    came: list[DepositRow], kind: Kind, data: st.DataObject, other: int
) -> None:
    changed = data.draw(st.sampled_from(came))
    notice = notice_of([d._replace(amount=other) if d is changed else d for d in came], kind)
    found = differences(notice, ward(came))
    if other == changed.amount:
        assert found == []
    else:
        assert [d[:5] for d in found] == [(Code.AMOUNT_DIFFERS, changed.on, changed.settler, other, changed.amount)]


def test_another_day_or_another_payer_is_two_differences() -> None:
    booked = one()
    for elsewhere in (booked._replace(on=date(2019, 5, 8)), booked._replace(settler="jcb")):
        found = differences(notice_of([elsewhere]), ward([booked]))
        assert {d.code for d in found} == {Code.NOT_AT_WARD, Code.NOT_IN_NOTICE}


def test_of_days_that_the_notice_does_not_cover_nothing_is_expected() -> None:
    outside = [one(on=FIRST - timedelta(days=1)), one(on=LAST + timedelta(days=1))]
    assert differences(notice_of([]), ward(outside)) == []


def test_a_deposit_that_was_brought_over_is_said_to_be() -> None:
    brought = ResolutionRow("r", "s", "reassign_deposit", None, "d", 8_500, 0, 0, 0)
    expected = Difference(Code.NOT_IN_NOTICE, one().on, Settler.UC, None, 8_500, deposit_id="d", brought_over=True)
    assert differences(notice_of([]), ward([one()], [brought])) == [expected]


# ---- notices of others ------------------------------------------------------------------------------------


def of_rows(*rows: TransferNotice | AccountEntry, header: Header | None = None) -> Notice:
    kind = Kind.TRANSFERS_RECEIVED if all(isinstance(r, TransferNotice) for r in rows) else Kind.ACCOUNT_ENTRIES
    made = header or Header(kind, LAST, FIRST, LAST, WARD_ACCOUNT)
    (notice,) = read(zengin_file.write([(made, rows)]), LAST)
    return notice


def transfer_of(deposit: DepositRow) -> TransferNotice:
    (row,) = block(Kind.TRANSFERS_RECEIVED, PERIOD, [deposit])[1]
    assert isinstance(row, TransferNotice)
    return row


def test_a_cancelled_transfer_takes_back_an_equal_one_and_no_other() -> None:
    row, other = transfer_of(one()), transfer_of(one(amount=5_300))
    cancelled = row._replace(cancelled=True)
    assert [t.row for t in of_rows(row, other, cancelled).came_in()] == [other]
    assert [t.row for t in of_rows(cancelled, row, row).came_in()] == [row]
    assert of_rows(cancelled).came_in() == []
    assert differences(of_rows(row, cancelled), ward([])) == []


def test_what_left_the_account_is_no_deposit() -> None:
    (row,) = block(Kind.ACCOUNT_ENTRIES, PERIOD, [one()])[1]
    assert isinstance(row, AccountEntry)
    paid_out = row._replace(is_deposit=False)
    notice = of_rows(row, paid_out)
    assert [t.is_out for t in notice.rows] == [False, True]
    assert differences(notice, ward([one()])) == []


def test_a_payer_whom_nobody_knows_is_not_on_record() -> None:
    stranger = transfer_of(one())._replace(payer_code="0000009999", payer_name="ﾀﾛｳ")
    (found,) = differences(of_rows(stranger), ward([]))
    assert (found.code, found.settler, found.told, found.line) == (Code.NOT_AT_WARD, None, 8_500, 2)


def test_an_account_is_the_wards_by_its_numbers_not_by_its_names() -> None:
    header = Header(Kind.TRANSFERS_RECEIVED, LAST, FIRST, LAST, WARD_ACCOUNT)
    renamed = header._replace(account=WARD_ACCOUNT._replace(holder="ｸﾔｸｼﾖ", bank_name="ｷﾞﾝｺｳ"))
    other = header._replace(account=WARD_ACCOUNT._replace(account_number="7654321"))
    assert of_rows(header=renamed).is_of_the_ward
    assert not of_rows(header=other).is_of_the_ward


def test_lines_are_counted_through_all_accounts_of_a_file() -> None:
    header, rows = block(Kind.TRANSFERS_RECEIVED, PERIOD, [one(), one(amount=Yen(700))])
    first, second = read(zengin_file.write([(header, rows), (header, rows)]), LAST)
    assert [t.line for t in (*first.rows, *second.rows)] == [2, 3, 6, 7]


# ---- days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "period"),
    [
        (None, None, Period(date(2019, 5, 7), date(2019, 5, 20))),
        (FIRST, None, Period(FIRST, date(2019, 5, 20))),
        (None, LAST, Period(date(2019, 5, 7), LAST)),
        (FIRST, FIRST, Period(FIRST, FIRST)),
        (LAST, None, Period(LAST, LAST)),
        (None, FIRST, Period(FIRST, FIRST)),
    ],
)
def test_days_that_are_not_named_are_those_of_the_deposits(
    first: date | None, last: date | None, period: Period
) -> None:
    assert period_of([one(), one(on=date(2019, 5, 20))], first, last) == period


def test_days_that_cannot_be_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="name the days with --from and --to"):
        period_of([], None, None)
    with pytest.raises(ValueError, match="--from 2019-06-30 is after --to 2019-04-01"):
        period_of([one()], LAST, FIRST)
    assert period_of([], FIRST, None) == Period(FIRST, FIRST)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2019, 4, 30), "平成31年4月30日"),
        (date(2019, 5, 1), "令和元年5月1日"),
        (date(2021, 7, 26), "令和3年7月26日"),
        (date(1989, 12, 1), "平成元年12月1日"),
    ],
)
def test_a_day_is_told_by_the_era_too(day: date, words: str) -> None:
    assert in_era(day) == words
