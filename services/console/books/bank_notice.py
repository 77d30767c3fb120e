"""入金通知: the bank's notice of the ward's account in 全銀 (Zengin) records, compared with the ward's books. Pure.

A notice names day, payer and amount, no statement and no payment. So deposits are matched by day (勘定日), payer and
amount, as a treasurer does; if both sides have deposits left for one day and payer, their amounts differ. Layout and
source of the records: `contracts.formats.zengin_file`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import zip_longest
from typing import Final, NamedTuple, TypeVar

from contracts.books import Books, DepositRow
from contracts.channels import SETTLERS
from contracts.formats import zengin_file
from contracts.formats.byte_fields import Source
from contracts.formats.zengin import (
    REIWA_BEGAN,
    Account,
    AccountEntry,
    Header,
    Kind,
    Row,
    Totals,
    TransferNotice,
)
from contracts.vocabulary import Settler, Yen

Key = TypeVar("Key")


WARD_ACCOUNT: Final = Account("0001", "ﾐｽﾞﾎ", "110", "ｼﾝｼﾞﾕｸ", "1", "1234567", "ｼﾝｼﾞﾕｸｸ ｶｲｹｲｶﾝﾘｼﾔ")
"""The ward's designated account (指定口座); deposits on it name no account."""
PAYER_BANK, PAYER_BRANCH = "ﾐｽﾞﾎ", "ﾎﾝﾃﾝ"
"""仕向店 of every deposit."""
TRANSFER: Final = "11"
"""取引区分 of a 振込."""
_SETTLERS: Final[Mapping[str, Settler]] = {names.payer_code: settler for settler, names in SETTLERS.items()}
_ORDER: Final = {settler.value: n for n, settler in enumerate(Settler)}


class Period(NamedTuple):
    """The days that a notice covers, inclusive."""

    first: date
    last: date

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


def period_of(came: Iterable[DepositRow], first: date | None, last: date | None) -> Period:
    """The days asked for; a day not given is that of the first or last deposit.

    Raises `ValueError` without deposits and days, or if the first day is after the last.
    """
    days = [*(d.on for d in came), *(day for day in (first, last) if day is not None)]
    if not days:
        raise ValueError("the ward's account has no deposit; name the days with --from and --to")
    period = Period(first or min(days), last or max(days))
    if period.first > period.last:
        raise ValueError(f"--from {first} is after --to {last}; the first day comes first")
    return period


# ---- books → records --------------------------------------------------------------------------------------


def block(kind: Kind, period: Period, came: Iterable[DepositRow]) -> zengin_file.Block:
    """The notice of these days. `came` are all deposits on the ward's account, in yen, of any day.

    残高 (kind 03) is the sum of earlier deposits; withdrawals are not included. The notice does not depend on ids.
    """
    ordered = sorted(came, key=lambda d: (d.on, _ORDER[d.settler], d.amount))
    before = sum(d.amount for d in ordered if d.on < period.first) if kind is Kind.ACCOUNT_ENTRIES else 0
    header = Header(kind, period.last, period.first, period.last, WARD_ACCOUNT, before)
    record = _transfer if kind is Kind.TRANSFERS_RECEIVED else _entry
    return header, [record(n, d) for n, d in enumerate((d for d in ordered if period.covers(d.on)), 1)]


def written(kind: Kind, period: Period, came: Iterable[DepositRow]) -> bytes:
    """The notice as a file. Raises `ValueError` for values that do not fit the records."""
    return b"".join(zengin_file.write([block(kind, period, came)]))


def _transfer(number: int, deposit: DepositRow) -> Row:
    payer = SETTLERS[Settler(deposit.settler)]
    return TransferNotice(
        inquiry_number=f"{number:06}",
        posted_on=deposit.on,
        value_on=deposit.on,
        amount=Yen(deposit.amount),
        payer_code=payer.payer_code,
        payer_name=payer.payer_name,
        bank_name=PAYER_BANK,
        branch_name=PAYER_BRANCH,
    )


def _entry(number: int, deposit: DepositRow) -> Row:
    payer = SETTLERS[Settler(deposit.settler)]
    return AccountEntry(
        inquiry_number=f"{number:08}",
        posted_on=deposit.on,
        value_on=deposit.on,
        is_deposit=True,
        transaction=TRANSFER,
        amount=Yen(deposit.amount),
        payer_code=payer.payer_code,
        payer_name=payer.payer_name,
        bank_name=PAYER_BANK,
        branch_name=PAYER_BRANCH,
        summary="ﾌﾘｺﾐ",
    )


# ---- records, read ----------------------------------------------------------------------------------------


class NoticeRow(NamedTuple):
    """A row of a notice, with its line number, from 1."""

    line: int
    row: Row

    @property
    def settler(self) -> Settler | None:
        """The settler that paid; None for an unknown payer code."""
        return _SETTLERS.get(self.row.payer_code)

    @property
    def what(self) -> tuple[date, str, int]:
        """What identifies equal rows: day, payer's code, yen."""
        return self.row.posted_on, self.row.payer_code, self.row.amount

    @property
    def takes_back(self) -> bool:
        """取消: cancels an equal transfer (kind 01)."""
        return isinstance(self.row, TransferNotice) and self.row.cancelled

    @property
    def is_out(self) -> bool:
        """出金: a withdrawal (kind 03)."""
        return isinstance(self.row, AccountEntry) and not self.row.is_deposit


@dataclass(frozen=True, slots=True)
class Notice:
    """The notice for one account. Its totals agree with its rows: reading checks them."""

    header: Header
    rows: Sequence[NoticeRow]
    totals: Totals

    @property
    def period(self) -> Period:
        return Period(self.header.covers_from, self.header.covers_to)

    @property
    def is_of_the_ward(self) -> bool:
        """Compares bank, branch, kind and number of the account, not their names."""
        return account_number(self.header.account) == account_number(WARD_ACCOUNT)

    def came_in(self) -> Sequence[NoticeRow]:
        """The deposits that stand: no withdrawals, no cancellations, no cancelled rows."""
        taken_back = Counter(t.what for t in self.rows if t.takes_back)
        stays = [t for t in self.rows if not (t.takes_back or t.is_out)]
        return [t for t in stays if not _taken(taken_back, t.what)]


def account_number(account: Account) -> str:
    """Bank-branch-kind-number, as deposits name an account."""
    return f"{account.bank_code}-{account.branch_code}-{account.account_type}-{account.account_number}"


def read(source: Source, received_on: date) -> Iterator[Notice]:
    """Notices, account by account. Raises `DamagedFile` at the first error, with line, byte and the value expected.

    A two-digit year is read as the one nearest to `received_on`.
    """
    header: Header | None = None
    rows: list[NoticeRow] = []
    for line, found in enumerate(zengin_file.read(source, received_on), 1):
        match found:
            case Header():
                header, rows = found, []
            case Totals():
                assert header is not None
                yield Notice(header, rows, found)
            case _:
                rows.append(NoticeRow(line, found))


# ---- records × books → differences ------------------------------------------------------------------------


class Code(StrEnum):
    """How the bank and the ward disagree."""

    NOT_AT_WARD = "not_at_ward"  # 区に記録なし: in the notice, not in the ward's books
    NOT_IN_NOTICE = "not_in_notice"  # 通知になし: in the ward's books, not in the notice
    AMOUNT_DIFFERS = "amount_differs"  # 金額相違


class Difference(NamedTuple):
    """One deposit that does not agree, in yen: in the notice, and in the ward's books; None if missing there."""

    code: Code
    on: date
    settler: Settler | None
    told: int | None
    booked: int | None
    line: int | None = None
    """Line number in the notice."""
    deposit_id: str | None = None
    """Id in the ward's books."""
    brought_over: bool = False
    """入金付替: the ward's staff reassigned it from another account or statement."""


def differences(notice: Notice, ward: Books) -> Sequence[Difference]:
    """Differences between a notice and the ward's books about deposits in its days, by day and payer."""
    moved = {r.deposit_id for r in ward.resolutions if r.action == "reassign_deposit"}
    noticed: defaultdict[tuple[date, Settler | None], list[NoticeRow]] = defaultdict(list)
    booked: defaultdict[tuple[date, Settler | None], list[DepositRow]] = defaultdict(list)
    for t in notice.came_in():
        noticed[t.row.posted_on, t.settler].append(t)
    for d in ward.deposits:
        if notice.period.covers(d.on):
            booked[d.on, Settler(d.settler)].append(d)
    order = sorted({*noticed, *booked}, key=lambda key: (key[0], _ORDER.get(key[1] or "", len(_ORDER))))
    return [found for key in order for found in _of_one_payer(key, noticed[key], booked[key], moved)]


def _of_one_payer(
    key: tuple[date, Settler | None], noticed: Iterable[NoticeRow], booked: Iterable[DepositRow], moved: set[str | None]
) -> Iterator[Difference]:
    """For one day and payer: equal amounts are matched first, then the smallest with the smallest."""
    for t, b in zip_longest(*_unmatched(noticed, booked)):
        code = Code.NOT_IN_NOTICE if t is None else Code.NOT_AT_WARD if b is None else Code.AMOUNT_DIFFERS
        yield Difference(
            code,
            *key,
            told=t.row.amount if t else None,
            booked=b.amount if b else None,
            line=t.line if t else None,
            deposit_id=b.deposit_id if b else None,
            brought_over=b is not None and b.deposit_id in moved,
        )


def _unmatched(
    noticed: Iterable[NoticeRow], booked: Iterable[DepositRow]
) -> tuple[Sequence[NoticeRow], Sequence[DepositRow]]:
    """The deposits of each side without an equal amount on the other, smallest first."""
    at_bank = sorted(noticed, key=lambda t: (t.row.amount, t.line))
    at_ward = sorted(booked, key=lambda d: (d.amount, d.deposit_id))
    common = Counter[int](t.row.amount for t in at_bank) & Counter(d.amount for d in at_ward)
    more_noticed, more_booked = Counter(common), Counter(common)
    return (
        [t for t in at_bank if not _taken(more_noticed, t.row.amount)],
        [d for d in at_ward if not _taken(more_booked, d.amount)],
    )


def _taken(counted: Counter[Key], key: Key) -> bool:
    """Take one of `key` from the counter. Returns whether there was one."""
    found = counted[key] > 0
    counted[key] -= found
    return found


def in_era(day: date) -> str:
    """The day as written in Japanese letters: 令和3年7月26日; the first year of an era is 元年."""
    name, began = ("令和", 2019) if day >= REIWA_BEGAN else ("平成", 1989)
    year = day.year - began + 1
    return f"{name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
