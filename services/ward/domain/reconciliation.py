"""消込: whether a settler's closing statement, the receipts it lists and the deposit all agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from services.ward.domain.settlement import Statement


class Reason(StrEnum):
    """Why a statement is not reconciled (未消込の理由)."""

    PAGES_MISSING = "pages_missing"  # 明細ページ未着
    TOTALS_DIFFER = "totals_differ"  # 件数・合計不一致
    RECEIPT_MISSING = "receipt_missing"  # 収納データ未着
    RECEIPT_NOT_CONFIRMED = "receipt_not_confirmed"  # 確報未着
    RECEIPT_CANCELLED = "receipt_cancelled"  # 取消済
    AMOUNT_DIFFERS = "amount_differs"  # 金額不一致
    SETTLER_DIFFERS = "settler_differs"  # 入金元不一致
    CLAIMED_TWICE = "claimed_twice"  # 明細重複
    DEPOSIT_MISSING = "deposit_missing"  # 未入金
    DEPOSIT_OVERDUE = "deposit_overdue"  # 入金遅延
    DEPOSIT_SHORT = "deposit_short"  # 入金不足
    FEE_TWICE = "fee_twice"  # 手数料二重控除
    DEPOSIT_OVER = "deposit_over"  # 入金過大
    DEPOSIT_DOUBLED = "deposit_doubled"  # 二重入金
    WRONG_ACCOUNT = "wrong_account"  # 口座相違
    DEPOSIT_WITHOUT_STATEMENT = "deposit_without_statement"  # 明細なし入金
    RECEIPT_UNLISTED = "receipt_unlisted"  # 明細漏れ: a receipt that its settler's statement leaves out


JAPANESE: Final[Mapping[Reason, str]] = {
    Reason.PAGES_MISSING: "明細ページ未着",
    Reason.TOTALS_DIFFER: "件数・合計不一致",
    Reason.RECEIPT_MISSING: "収納データ未着",
    Reason.RECEIPT_NOT_CONFIRMED: "確報未着",
    Reason.RECEIPT_CANCELLED: "取消済",
    Reason.AMOUNT_DIFFERS: "金額不一致",
    Reason.SETTLER_DIFFERS: "入金元不一致",
    Reason.CLAIMED_TWICE: "明細重複",
    Reason.DEPOSIT_MISSING: "未入金",
    Reason.DEPOSIT_OVERDUE: "入金遅延",
    Reason.DEPOSIT_SHORT: "入金不足",
    Reason.FEE_TWICE: "手数料二重控除",
    Reason.DEPOSIT_OVER: "入金過大",
    Reason.DEPOSIT_DOUBLED: "二重入金",
    Reason.WRONG_ACCOUNT: "口座相違",
    Reason.DEPOSIT_WITHOUT_STATEMENT: "明細なし入金",
    Reason.RECEIPT_UNLISTED: "明細漏れ",
}


@dataclass(frozen=True, slots=True)
class LineCounts:
    """A statement's lines (明細行) compared with the receipts registered: how many there are, and how many have which
    error."""

    count: int = 0
    amount: int = 0
    missing: int = 0
    not_confirmed: int = 0
    cancelled: int = 0
    amount_differs: int = 0
    settler_differs: int = 0
    claimed_twice: int = 0
    """Lines of payments that another statement lists too."""


NO_LINES: Final = LineCounts()


class Concerned(NamedTuple):
    """A payment that does not agree: the yen that a statement states and that are registered; None if it is missing."""

    reason: Reason
    payment_id: str
    stated: int | None
    registered: int | None


@dataclass(frozen=True, slots=True)
class Open:
    """One reason why a statement is not reconciled."""

    reason: Reason
    detail: str

    def __str__(self) -> str:
        return f"{self.reason} {JAPANESE[self.reason]}: {self.detail}"


def open_reasons(statement: Statement, lines: LineCounts) -> Sequence[Open]:
    """Every reason why the statement is not reconciled; none if all agrees (消込済)."""
    return [*_of_statement(statement, lines), *_of_receipts(lines), *_of_deposit(statement)]


def _of_statement(statement: Statement, lines: LineCounts) -> Sequence[Open]:
    if not statement.is_complete:
        return [Open(Reason.PAGES_MISSING, f"{statement.pages_here} of {statement.pages} pages have come")]
    if (lines.count, lines.amount) == (statement.total_count, statement.total_amount):
        return []
    said = f"it states {statement.total_count} payments, ¥{statement.total_amount:,}"
    return [Open(Reason.TOTALS_DIFFER, f"{said}; it lists {lines.count}, ¥{lines.amount:,}")]


def _of_receipts(lines: LineCounts) -> Sequence[Open]:
    found = {
        Reason.RECEIPT_MISSING: lines.missing,
        Reason.RECEIPT_NOT_CONFIRMED: lines.not_confirmed,
        Reason.RECEIPT_CANCELLED: lines.cancelled,
        Reason.AMOUNT_DIFFERS: lines.amount_differs,
        Reason.SETTLER_DIFFERS: lines.settler_differs,
        Reason.CLAIMED_TWICE: lines.claimed_twice,
    }
    return [Open(reason, f"{count} of {lines.count} payments") for reason, count in found.items() if count]


def _of_deposit(statement: Statement) -> Sequence[Open]:
    return [*_of_difference(statement), *_of_account(statement)]


def _of_difference(s: Statement) -> Sequence[Open]:
    if s.difference == 0:
        return []
    if not s.deposits and not s.adjusted:
        reason = Reason.DEPOSIT_MISSING if s.overdue_since is None else Reason.DEPOSIT_OVERDUE
        return [Open(reason, f"¥{s.expected:,} is expected{_claimed(s)}")]
    came = f"¥{s.deposited:,} came in {s.deposits} deposit{'s' * (s.deposits != 1)}"
    decided = f", ¥{abs(s.adjusted):,} already decided" if s.adjusted else ""
    figures = f"¥{abs(s.difference):,}: {came}, ¥{s.expected:,} was expected{decided}{_claimed(s)}"
    return [Open(_kind_of_difference(s), figures)]


def _kind_of_difference(s: Statement) -> Reason:
    """The most specific name of an open difference."""
    if s.difference < 0:
        return Reason.FEE_TWICE if -s.difference == s.fee else Reason.DEPOSIT_SHORT
    twice = s.deposits > 1 and s.difference == s.expected
    return Reason.DEPOSIT_DOUBLED if twice else Reason.DEPOSIT_OVER


def _of_account(s: Statement) -> Sequence[Open]:
    if not s.misdirected or s.difference >= 0:
        return []
    return [Open(Reason.WRONG_ACCOUNT, f"¥{s.misdirected:,} went to an account that is not the ward's")]


def _claimed(s: Statement) -> str:
    claimed = min(s.claimed, max(0, -s.difference))
    return f"; ¥{claimed:,} of it is claimed (請求済)" if claimed else ""
