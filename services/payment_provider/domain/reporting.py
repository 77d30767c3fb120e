"""When a payment is reported to the ward: 速報 and 確報 of one channel (収納チャネル)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from contracts.calendar import BANK_CALENDAR, BankCalendar
from contracts.vocabulary import ReceiptKind, business_date, on_the_clock


class ReportTimes(NamedTuple):
    """When the receipt records of a payment are made; None for one that is never made."""

    preliminary_at: datetime | None
    confirm_at: datetime | None


class DeliveredReceipt(NamedTuple):
    """A receipt record (収納データ) as it was delivered; `repetition` is 1 for one sent a second time (異常)."""

    payment_id: str
    kind: ReceiptKind
    repetition: int
    amount: int
    received_on: date
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class Reporting:
    """The terms of a channel's receipt data; times are Japan time."""

    preliminary_delay_days: int | None
    """速報 this many calendar days after the payment: 0 for at once, None for a channel without 速報."""
    preliminary_time: time
    confirmation_business_days: int
    confirmation_time: time
    names: Mapping[str, str]
    """Term → the setting that holds it."""
    calendar: BankCalendar = BANK_CALENDAR

    def preliminary_at(self, paid_at: datetime) -> datetime | None:
        """速報 of a payment made at `paid_at`, never after its 確報; None for a channel without 速報."""
        if self.preliminary_delay_days is None:
            return None
        if self.preliminary_delay_days == 0:
            return paid_at
        day = business_date(paid_at) + timedelta(days=self.preliminary_delay_days)
        return min(on_the_clock(day, self.preliminary_time), self.confirm_at(paid_at))

    def confirm_at(self, paid_at: datetime) -> datetime:
        """確報 of a payment made at `paid_at`, never before that."""
        day = self.calendar.add(business_date(paid_at), self.confirmation_business_days)
        return max(paid_at, on_the_clock(day, self.confirmation_time))

    def preliminary_reason(self) -> str:
        """The rule for the time of 速報."""
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
        """The rule for the time of 確報, with the days on which banks are closed."""
        closed = self.calendar.closed_between(business_date(paid_at), business_date(confirm_at))
        rule = (
            f"{self.confirmation_business_days} bank business days (銀行営業日) after payment "
            f"at {self.confirmation_time:%H:%M} [{self.names['confirmation_business_days']}]"
        )
        return f"{rule}; banks closed: {closed}" if closed else rule
