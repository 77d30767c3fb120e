"""When is receipt data confirmed, and when does the bank network deposit?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from contracts.calendar import BankCalendar
from contracts.vocabulary import business_date, on_the_clock


@dataclass(frozen=True, slots=True)
class Timing:
    """The provider's agreed delays, in bank business days (銀行営業日) and hours of Japan."""

    calendar: BankCalendar
    confirmation_business_days: int
    confirmation_time: time
    bank_deposit_business_days: int
    closing_time: time
    deposit_time: time

    def confirm_at(self, paid_at: datetime) -> datetime:
        """確報 for a payment made at `paid_at`; never before it was made."""
        day = self.calendar.add(business_date(paid_at), self.confirmation_business_days)
        return max(paid_at, on_the_clock(day, self.confirmation_time))

    def close_at(self, closed_on: date) -> datetime:
        """A day's bank payments are totalled when the day is over."""
        return on_the_clock(closed_on + timedelta(days=1), self.closing_time)

    def deposit_on(self, closed_on: date) -> date:
        """The day on which a day's bank payments reach the ward's account."""
        return self.calendar.add(closed_on, self.bank_deposit_business_days)

    def deposit_at(self, deposit_on: date) -> datetime:
        return on_the_clock(deposit_on, self.deposit_time)
