"""督促: when an unpaid debt is reminded of, and when a reminder and a payment crossed (行き違い)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from contracts.calendar import BANK_CALENDAR, HolidayShift
from contracts.vocabulary import on_the_clock

_A_MOMENT: Final = timedelta(milliseconds=1)
"""Reminders are sent this long after the hour: all that is registered on the hour is known then."""


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """When reminders (督促状) are sent; each field is a setting."""

    days: int
    """This many days after the due date, or after the day since which the debt is known if that is later."""
    at: time
    """In Japan."""
    holiday_shift: HolidayShift

    def remind_on(self, due_on: date, owed_since: date) -> date:
        """The day on which a debt is reminded of: never the day `owed_since` itself, nor one before it."""
        day = BANK_CALENDAR.shift(max(due_on, owed_since) + timedelta(days=self.days), self.holiday_shift)
        return day if day > owed_since else BANK_CALENDAR.add(owed_since, 1)

    def sent_at(self, day: date) -> datetime:
        """When the reminders of a day are sent."""
        return on_the_clock(day, self.at) + _A_MOMENT


def crossed(paid_at: datetime, sent_at: datetime, visible_at: datetime) -> bool:
    """行き違い: paid before the reminder was sent, but registered, and so visible to staff, only afterwards."""
    return paid_at < sent_at < visible_at
