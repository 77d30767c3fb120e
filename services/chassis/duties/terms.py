"""By when things are owed, and what the simulated staff do: from the settings of a party."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Self

from contracts.calendar import APRIL, BANK_CALENDAR
from contracts.vocabulary import on_the_clock
from services.chassis.settings import ServiceSettings

OFFICE_OPENS: Final = time(10)


@dataclass(frozen=True, slots=True)
class DutyTerms:
    """`kept`: the simulated staff do what is owed, but for the duties `neglected`, by their numbers."""

    kept: bool
    neglected: frozenset[str]
    training_month: int
    incident_report_days: int
    days_ahead: int

    @classmethod
    def of(cls, s: ServiceSettings) -> Self:
        neglected = frozenset(s.neglected_duties)
        return cls(s.duties == "kept", neglected, s.training_month, s.incident_report_days, s.duty_days_ahead)

    def done_at(self, due_on: date) -> datetime:
        """When staff do what is owed by a day: on a bank business day."""
        return on_the_clock(BANK_CALENDAR.previous_open(due_on - timedelta(days=self.days_ahead)), OFFICE_OPENS)


def day_of_month(fiscal_year: int, month: int) -> datetime:
    """The first bank business day of a month of a fiscal year (年度), at ten in the morning."""
    first = date(fiscal_year if month >= APRIL else fiscal_year + 1, month, 1)
    return on_the_clock(BANK_CALENDAR.next_open(first), OFFICE_OPENS)


def first_instant(fiscal_year: int) -> datetime:
    """The first of 1 April."""
    return on_the_clock(date(fiscal_year, APRIL, 1), time.min)
