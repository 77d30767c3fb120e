"""Deposit notices in 全銀 (Zengin) format: the contents of their records, and era dates. Layout: `zengin_file`.

There are two files: 振込入金通知 (kind 01, `TransferNotice`) lists transfers received; 入出金取引明細
(kind 03, `AccountEntry`) lists every movement on an account. Dates are YYMMDD of the Japanese era: 令和 from
2019-05-01 (01), 平成 before (01–31). Two digits do not determine the era: a date is read in the era that puts it
nearest to the day the file was made (`made_on`), which its receiver knows from having fetched it.

Source: 全国銀行協会 全銀協標準通信プロトコル レコード・フォーマット, as banks publish it for their customers.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from contracts.formats.byte_fields import day_or_none
from contracts.formats.damage import wrong_field
from contracts.vocabulary import Yen

HEISEI_BEGAN: Final = date(1989, 1, 8)
REIWA_BEGAN: Final = date(2019, 5, 1)
NO_BILL: Final = "0" * 12 + " " + "0" * 10
_ERA_YEARS: Final = (2018, 1988)
"""令和 n is 2018 + n, 平成 n is 1988 + n."""


class Kind(StrEnum):
    """種別コード"""

    TRANSFERS_RECEIVED = "01"  # 振込入金通知
    ACCOUNT_ENTRIES = "03"  # 入出金取引明細


class Account(NamedTuple):
    """The account that a block is about."""

    bank_code: str
    """銀行番号: 4 digits."""
    bank_name: str
    """Half-width, at most 15 characters."""
    branch_code: str
    """支店番号: 3 digits."""
    branch_name: str
    """Half-width, at most 15 characters."""
    account_type: str
    """預金種目: 1 digit (1 普通, 2 当座)."""
    account_number: str
    """7 digits; at most 10 in kind 03."""
    holder: str
    """口座名義: half-width, at most 40 characters."""


class Header(NamedTuple):
    """The first record of a block: its account and the days it covers."""

    kind: Kind
    created_on: date
    covers_from: date
    covers_to: date
    account: Account
    balance: int = 0
    """残高 before the entries (kind 03), yen; below 0 for an overdraft."""


class TransferNotice(NamedTuple):
    """振込入金: one transfer received (kind 01)."""

    inquiry_number: str
    """照会番号: 6 digits."""
    posted_on: date
    """勘定日"""
    value_on: date
    """起算日"""
    amount: Yen
    payer_code: str
    """振込依頼人コード: 10 digits."""
    payer_name: str
    """振込依頼人名: half-width, up to 48."""
    bank_name: str = ""
    """仕向銀行名"""
    branch_name: str = ""
    """仕向支店名"""
    cancelled: bool = False
    """取消区分"""
    edi: str = ""
    """EDI情報: half-width, up to 20."""
    other_branch_cheques: Yen = Yen(0)
    """うち他店券金額"""


class AccountEntry(NamedTuple):
    """入出金: one movement on the account (kind 03)."""

    inquiry_number: str
    """照会番号: 8 digits."""
    posted_on: date
    """勘定日"""
    value_on: date
    """預入・払出日"""
    is_deposit: bool
    """入払区分: 1 in, 2 out."""
    transaction: str
    """取引区分: 2 digits (11 振込)."""
    amount: Yen
    payer_code: str
    """振込依頼人コード: 10 digits."""
    payer_name: str
    """振込依頼人名: half-width, up to 48."""
    bank_name: str = ""
    branch_name: str = ""
    summary: str = ""
    """摘要: half-width, up to 20."""
    edi: str = ""
    """EDI情報: half-width, up to 20."""
    other_branch_cheques: Yen = Yen(0)
    """うち他店券金額"""
    bill: str = NO_BILL
    """交換呈示日 6, 不渡返還日 6, 手形・小切手区分 1 and 番号 7, 僚店番号 3, unparsed; a transfer has none of them."""


class Totals(NamedTuple):
    """A trailer's counts and yen.

    Kind 01: transfers; `other` are the cancelled ones. Kind 03: money in; `other` is money out.
    """

    rows: int
    amount: int
    other_rows: int
    other_amount: int
    balance: int | None = None
    """残高 after the entries (kind 03), yen; below 0 for an overdraft."""


Row = TransferNotice | AccountEntry
Line = Header | Row | Totals


class Tally:
    """Counts the rows of a block, to write its trailer or to check it."""

    def __init__(self, header: Header) -> None:
        self._header, self.rows = header, 0
        self._count, self._amount = [0, 0], [0, 0]

    def count(self, row: Row) -> None:
        """Raises `ValueError` for a row of the other kind of file."""
        kind = Kind.TRANSFERS_RECEIVED if isinstance(row, TransferNotice) else Kind.ACCOUNT_ENTRIES
        if kind is not self._header.kind:
            raise ValueError(f"a row of kind {kind} does not belong in a file of kind {self._header.kind}")
        other = row.cancelled if isinstance(row, TransferNotice) else not row.is_deposit
        self.rows += 1
        self._count[other] += 1
        self._amount[other] += row.amount

    def totals(self) -> Totals:
        """The trailer of the rows counted."""
        (count, other_count), (amount, other_amount) = self._count, self._amount
        balance = None
        if self._header.kind is Kind.ACCOUNT_ENTRIES:
            balance = self._header.balance + amount - other_amount
        return Totals(count, amount, other_count, other_amount, balance)


# ---- era dates --------------------------------------------------------------------------------------------


def put_era_day(day: date) -> bytes:
    """YYMMDD in the era of the day. Raises `ValueError` for a day before 平成 or after 令和 99."""
    year = day.year - (_ERA_YEARS[0] if day >= REIWA_BEGAN else _ERA_YEARS[1])
    if not 1 <= year <= 99 or day < HEISEI_BEGAN:
        raise ValueError(f"{day} has no two-digit year of 平成 or 令和")
    return b"%02d%02d%02d" % (year, day.month, day.day)


def era_day(raw: bytes, at: int, made_on: date) -> date:
    """The date in 令和 or 平成, whichever is nearer to the day the file was made. Raises `WrongField`."""
    found = raw[at : at + 6]
    candidates = [day for base in _ERA_YEARS if (day := _in_era(found, base)) is not None]
    if not candidates:
        wrong_field(at, found, "a date of 令和 or 平成 as YYMMDD belongs here", "date")
    return min(candidates, key=lambda day: abs(day - made_on))


def _in_era(found: bytes, base: int) -> date | None:
    if len(found) != 6 or not found.isdigit() or found[:2] == b"00":
        return None
    day = day_or_none(b"%04d" % (base + int(found[:2])) + found[2:])
    if day is None or (day >= REIWA_BEGAN) != (base == _ERA_YEARS[0]) or day < HEISEI_BEGAN:
        return None
    return day
