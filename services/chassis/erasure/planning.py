"""Which erasures are due: for each fiscal year (年度) one, months after its end; then one a month until all is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from contracts.calendar import fiscal_year
from contracts.duties.erasing import Cut, end_of_month
from contracts.vocabulary import business_date, on_the_clock
from services.chassis.erasure.timers import YearOfErasures
from services.chassis.transaction import Transaction

D11: Final = "D-11"
MONTHS: Final = 12
"""Of a year."""
AT_NIGHT: Final = time(3)
"""Of the set date, in Japan: few payers are at work."""


@dataclass(frozen=True, slots=True)
class ErasureTerms:
    """`kept`: erased by timers; `neglected`: the simulated staff forget it."""

    kept: bool
    neglected: bool
    months: int
    """After the end of the fiscal year whose data they are."""

    def due_on(self, cut: Cut) -> date:
        """The last day of the month."""
        return end_of_month(cut.until, self.months)

    def year_due_in(self, fiscal_year: int) -> int:
        """The fiscal year whose data are due to be erased in this one."""
        return fiscal_year - 1 - (self.months - 1) // MONTHS


def at_night_of(day: date, now: datetime) -> datetime:
    return max(on_the_clock(day, AT_NIGHT), now)


def plan_erasures(tx: Transaction) -> None:
    """At the start of a service: replaces the timer of a start before."""
    year = YearOfErasures(fiscal_year=fiscal_year(business_date(tx.now)))
    tx.cancel(YearOfErasures, [year.subject])
    tx.schedule(year, tx.now)
