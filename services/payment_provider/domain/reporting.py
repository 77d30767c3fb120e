"""When is the ward told of a payment? 速報 and 確報 of one channel (収納チャネル)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from contracts.calendar import BANK_CALENDAR, BankCalendar
from contracts.vocabulary import business_date, on_the_clock


@dataclass(frozen=True, slots=True)
class Reporting:
    """What is agreed of the receipt data of a channel: days of the calendar, bank business days, hours of Japan."""

    preliminary_delay_days: int | None
    """速報 so many days of the calendar after the payment; 0 at once, None where the channel has none."""
    preliminary_time: time
    confirmation_business_days: int
    confirmation_time: time
    names: Mapping[str, str]
    """Under which setting each of these is found."""
    calendar: BankCalendar = BANK_CALENDAR

    def preliminary_at(self, paid_at: datetime) -> datetime | None:
        """速報 for a payment made at `paid_at`, at the latest together with its 確報; None where there is none."""
        if self.preliminary_delay_days is None:
            return None
        if self.preliminary_delay_days == 0:
            return paid_at
        day = business_date(paid_at) + timedelta(days=self.preliminary_delay_days)
        return min(on_the_clock(day, self.preliminary_time), self.confirm_at(paid_at))

    def confirm_at(self, paid_at: datetime) -> datetime:
        """確報 for a payment made at `paid_at`; never before it was made."""
        day = self.calendar.add(business_date(paid_at), self.confirmation_business_days)
        return max(paid_at, on_the_clock(day, self.confirmation_time))

    def preliminary_reason(self) -> str:
        """Why 速報 comes when it comes, or does not."""
        named = f"[{self.names['preliminary_delay_days']}]"
        match self.preliminary_delay_days:
            case None:
                return f"this channel has no 速報 {named}"
            case 0:
                return f"速報 at once {named}"
            case days:
                said = f"速報 {days} day{'s' * (days > 1)} after payment at {self.preliminary_time:%H:%M} {named}"
                return f"{said} [{self.names['preliminary_time']}], with 確報 at the latest"

    def confirmation_reason(self, paid_at: datetime, confirm_at: datetime) -> str:
        """Why 確報 comes when it comes."""
        closed = self.calendar.closed_between(business_date(paid_at), business_date(confirm_at))
        rule = (
            f"{self.confirmation_business_days} bank business days (銀行営業日) after payment "
            f"at {self.confirmation_time:%H:%M} [{self.names['confirmation_business_days']}]"
        )
        return f"{rule}; banks closed: {closed}" if closed else rule
