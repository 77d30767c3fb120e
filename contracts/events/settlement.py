"""Settlement: of 丙 for cards, of 乙 (for the networks of the other channels) for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from contracts.events.event import Count, DepositYen, Event, Id, Page, Text, TotalYen
from contracts.vocabulary import Settler

LINES_PER_PAGE = 500

Lines = Annotated[tuple["StatementLine", ...], msgspec.Meta(max_length=LINES_PER_PAGE)]


class StatementLine(msgspec.Struct, frozen=True, array_like=True):
    """One payment in a closing statement. The instants are None if no card agent pays on the payer's behalf."""

    payment_id: Id
    amount: DepositYen
    approved_at: datetime | None = None
    """承認日時: when the agent approved the payment."""
    entrusted_at: datetime | None = None
    """委託を受けた日時: when the payer entrusted the agent with it."""


class SettlementEvent(Event, frozen=True, kw_only=True):
    """An event about one settler's closing period."""

    statement_id: Id
    settler: Settler
    closed_on: date
    """締日"""

    @property
    def subject(self) -> str:
        return self.statement_id


class ClosingStatementIssued(SettlementEvent, frozen=True, kw_only=True):
    """締め明細: one page of the statement of a closing period. The totals are those of the whole statement."""

    TYPE: ClassVar[str] = "sansha.settlement.closing_statement_issued.v2"
    FORMER_TYPES: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "sansha.settlement.closing_statement_issued.v1": {"named_day": "designated_date"}
    }
    deposit_on: date
    total_count: Count
    total_amount: TotalYen
    fee: TotalYen
    """Yen deducted by the settler; 0 if it deposits gross."""
    page: Page
    """From 1."""
    pages: Page
    lines: Lines
    """At most `LINES_PER_PAGE`, to stay well below a broker's message limit."""
    designated_date: date | None = None
    """指定日 of the payments it lists; None if no card agent pays on the payer's behalf."""

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.statement_id, str(self.page))

    def paged(self) -> Sequence[ClosingStatementIssued]:
        """Split a whole statement into the pages to publish: each line once, in order; no page if it has no lines."""
        starts = range(0, len(self.lines), LINES_PER_PAGE)
        return [
            msgspec.structs.replace(self, page=n, pages=len(starts), lines=self.lines[start : start + LINES_PER_PAGE])
            for n, start in enumerate(starts, 1)
        ]


class DepositMade(SettlementEvent, frozen=True, kw_only=True):
    """入金: a deposit for a closing's total (less the fee); a closing may have several deposits."""

    TYPE: ClassVar[str] = "sansha.settlement.deposit_made.v1"
    deposit_id: Id
    amount: DepositYen
    deposited_on: date
    account: Text = ""
    """入金先口座 as bank-branch-type-number; empty for the account that the ward has designated."""

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.deposit_id,)
