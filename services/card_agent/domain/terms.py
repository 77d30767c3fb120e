"""Terms of settlement (精算条件): when a period closes, when its total is deposited, and which fee is deducted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from contracts.calendar import (
    BANK_CALENDAR,
    BankCalendar,
    ClosingDays,
    HolidayShift,
    closing_date,
    end_of_month,
    parse_closing_days,
)
from contracts.vocabulary import Agent, Brand, Yen, on_the_clock


class FeeBasis(StrEnum):
    """Whether the agent's fee (手数料) is billed separately or deducted from the deposit."""

    GROSS = "gross"  # 総額入金
    NET = "net"  # 差引入金


class DepositSplit(StrEnum):
    """Whether a closing's total comes as one deposit or as one for each brand of card (入金単位)."""

    CLOSING = "closing"  # 一括入金
    BRAND = "brand"  # ブランド別入金


class DesignatedDateRule(StrEnum):
    """How the designated date (指定日) is fixed, by which the deposit must come for the payments to count."""

    AFTER_DEPOSIT = "after_deposit"  # 入金予定日から銀行営業日で数える
    END_OF_MONTH = "end_of_month"  # 入金予定日の月の末日、休業日なら翌営業日


@dataclass(frozen=True, slots=True)
class AgentTerms:
    """The terms agreed with one agent; `closing_days` as in `10/20/eom`."""

    brands: tuple[Brand, ...]
    closing_days: str
    deposit_business_days: int
    holiday_shift: HolidayShift = HolidayShift.NONE
    fee_basis: FeeBasis = FeeBasis.GROSS
    fee_per_mille: int = 0
    deposit_split: DepositSplit = DepositSplit.CLOSING
    designated_date_rule: DesignatedDateRule = DesignatedDateRule.AFTER_DEPOSIT
    designated_date_business_days: int = 5

    @property
    def keeps_fees(self) -> bool:
        """Whether a fee is deducted from deposits."""
        return self.fee_basis is FeeBasis.NET and self.fee_per_mille > 0


TERMS: Final[Mapping[Agent, AgentTerms]] = {
    Agent.JCB: AgentTerms((Brand.JCB, Brand.AMEX, Brand.DINERS), "15/eom", deposit_business_days=5),
    Agent.UC: AgentTerms((Brand.VISA, Brand.MASTERCARD), "10/20/eom", deposit_business_days=9),
}
"""Assumed for the simulation; each is a setting (docs/assumptions.md)."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms in force at one agent, and the dates that follow from them."""

    agreed: AgentTerms
    closing_time: time
    """Japan time on the day after the closing day (締日), when the period is totalled."""
    deposit_time: time
    calendar: BankCalendar = BANK_CALENDAR

    @property
    def closing_days(self) -> ClosingDays:
        """Days of the month on which a period closes."""
        return parse_closing_days(self.agreed.closing_days)

    def closes_on(self, day: date) -> date:
        """締日: the closing that counts a payment accepted on `day`."""
        return closing_date(day, self.closing_days)

    def close_at(self, closed_on: date) -> datetime:
        """The instant at which the period is totalled: the end of its closing day."""
        return on_the_clock(closed_on + timedelta(days=1), self.closing_time)

    def counted_from(self, closed_on: date) -> date:
        """The day from which business days are counted: the closing day, or that shifted if banks are closed on it."""
        return self.calendar.shift(closed_on, self.agreed.holiday_shift)

    def deposit_on(self, closed_on: date) -> date:
        """入金日, a bank business day after the closing."""
        return self.calendar.add(self.counted_from(closed_on), self.agreed.deposit_business_days)

    def deposit_at(self, deposit_on: date) -> datetime:
        return on_the_clock(deposit_on, self.deposit_time)

    def designated_date(self, deposit_on: date) -> date:
        """指定日 of a deposit due on `deposit_on`: that day or later."""
        if self.agreed.designated_date_rule is DesignatedDateRule.END_OF_MONTH:
            return self.calendar.next_open(end_of_month(deposit_on.year, deposit_on.month))
        return self.calendar.add(deposit_on, self.agreed.designated_date_business_days)

    def fee(self, amount: Yen) -> Yen:
        """手数料 deducted from one deposit, rounded down to whole yen; 0 if deposits are gross."""
        if self.agreed.fee_basis is FeeBasis.GROSS:
            return Yen(0)
        return Yen(amount * self.agreed.fee_per_mille // 1000)

    def closing_reason(self, closed_on: date) -> str:
        return (
            f"periods close on {self.agreed.closing_days} [closing_days]; that of {closed_on} is totalled "
            f"at {self.closing_time:%H:%M} on the day after, weekend or not"
        )

    def deposit_reason(self, closed_on: date, deposit_on: date) -> str:
        """The rule for the date of the deposit, with the days on which banks are closed."""
        start = self.counted_from(closed_on)
        shifted = (
            f", shifted to {start} [holiday_shift={self.agreed.holiday_shift.value}]" if start != closed_on else ""
        )
        rule = (
            f"{self.agreed.deposit_business_days} bank business days (銀行営業日) after the closing of {closed_on}"
            f"{shifted} at {self.deposit_time:%H:%M} [deposit_business_days]"
        )
        closed = self.calendar.closed_between(min(closed_on, start), deposit_on)
        return f"{rule}; banks closed: {closed}" if closed else rule
