"""When does the network of a channel close a period, and when does it deposit? Cards apart: their agents do both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from contracts.calendar import BANK_CALENDAR, BankCalendar, closing_date, parse_closing_days
from contracts.vocabulary import Method, Settler, on_the_clock

NETWORKS: Final[Mapping[Method, Settler]] = {
    Method.INTERNET_BANKING: Settler.BANK,
    Method.COUNTER: Settler.COUNTER,
    Method.BANK_COUNTER: Settler.BANK_COUNTER,
    Method.DIRECT_DEBIT: Settler.DIRECT_DEBIT,
    Method.CONVENIENCE_STORE: Settler.CONVENIENCE_STORE,
}
"""Who brings the money of each channel to the ward; the collection centre (収納センター) speaks for them."""
JAPANESE: Final[Mapping[Settler, str]] = {
    Settler.BANK: "the bank network",
    Settler.COUNTER: "窓口",
    Settler.BANK_COUNTER: "金融機関窓口",
    Settler.DIRECT_DEBIT: "口座振替",
    Settler.CONVENIENCE_STORE: "コンビニ",
}
"""What they are called in an explanation."""


@dataclass(frozen=True, slots=True)
class NetworkTerms:
    """The terms of settlement (精算条件) of one network."""

    closing_days: str
    """締日 as one writes them: `10/20/eom`, or `daily`; days of the calendar, never moved."""
    closing_time: time
    """A period is totalled at this hour of Japan on the day after its closing day."""
    deposit_business_days: int
    deposit_time: time
    names: Mapping[str, str]
    """Under which setting each of these is found."""
    calendar: BankCalendar = BANK_CALENDAR

    def closes_on(self, day: date) -> date:
        """締日: the closing that counts a payment of `day`."""
        return closing_date(day, parse_closing_days(self.closing_days))

    def close_at(self, closed_on: date) -> datetime:
        """A period is totalled when its last day is over."""
        return on_the_clock(closed_on + timedelta(days=1), self.closing_time)

    def deposit_on(self, closed_on: date) -> date:
        """入金日: when a period's payments reach the ward's account."""
        return self.calendar.add(closed_on, self.deposit_business_days)

    def deposit_at(self, deposit_on: date) -> datetime:
        """The hour of the deposit."""
        return on_the_clock(deposit_on, self.deposit_time)

    def closing_reason(self, closed_on: date) -> str:
        """Why the period ends when it ends."""
        return (
            f"periods close {self.closing_days} [{self.names['closing_days']}]; that of {closed_on} is totalled "
            f"when the day is over, at {self.closing_time:%H:%M} [{self.names['closing_time']}]"
        )

    def deposit_reason(self, closed_on: date, deposit_on: date) -> str:
        """Why the deposit comes when it comes."""
        closed = self.calendar.closed_between(closed_on, deposit_on)
        rule = (
            f"{self.deposit_business_days} bank business days after {closed_on} [{self.names['deposit_business_days']}]"
        )
        return f"{rule}; banks closed: {closed}" if closed else rule
