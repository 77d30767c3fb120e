"""When does the network of a channel close a period, and when does it deposit? (Card agents do both themselves.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from contracts.calendar import BANK_CALENDAR, BankCalendar, closing_date, parse_closing_days
from contracts.vocabulary import Settler, on_the_clock

Period = tuple[Settler, date]
"""A network and one of its closing days (締日)."""


class Closing(NamedTuple):
    """A closing (締め) of a network: open until `issued_at`, when its payments are totalled (yen)."""

    settler: Settler
    closed_on: date
    statement_id: str
    deposit_on: date
    payment_count: int = 0
    amount: int = 0
    issued_at: datetime | None = None
    deposit_id: str | None = None
    deposited_on: date | None = None


@dataclass(frozen=True, slots=True)
class NetworkTerms:
    """The terms of settlement (精算条件) of one network."""

    closing_days: str
    """締日, as in `10/20/eom`, or `daily`; calendar days, never shifted."""
    closing_time: time
    """Japan time on the day after the closing day, when the period is totalled."""
    deposit_business_days: int
    deposit_time: time
    names: Mapping[str, str]
    """Term → the setting that holds it."""
    calendar: BankCalendar = BANK_CALENDAR

    def closes_on(self, day: date) -> date:
        """締日: the closing that includes a payment of `day`."""
        return closing_date(day, parse_closing_days(self.closing_days))

    def close_at(self, closed_on: date) -> datetime:
        """The instant at which the period is totalled: the end of its last day."""
        return on_the_clock(closed_on + timedelta(days=1), self.closing_time)

    def deposit_on(self, closed_on: date) -> date:
        """入金日 of a period's payments."""
        return self.calendar.add(closed_on, self.deposit_business_days)

    def deposit_at(self, deposit_on: date) -> datetime:
        return on_the_clock(deposit_on, self.deposit_time)

    def closing_reason(self, closed_on: date) -> str:
        return (
            f"periods close {self.closing_days} [{self.names['closing_days']}]; that of {closed_on} is totalled "
            f"when the day is over, at {self.closing_time:%H:%M} [{self.names['closing_time']}]"
        )

    def deposit_reason(self, closed_on: date, deposit_on: date) -> str:
        """The rule for the date of the deposit, with the days on which banks are closed."""
        closed = self.calendar.closed_between(closed_on, deposit_on)
        rule = (
            f"{self.deposit_business_days} bank business days after {closed_on} [{self.names['deposit_business_days']}]"
        )
        return f"{rule}; banks closed: {closed}" if closed else rule
