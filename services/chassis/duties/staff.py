"""The simulated staff of a party: they do on its date what is owed, unless they are to leave or neglect it.

What is owed each fiscal year is planned at a service's start and on each 1 April; what answers a record, when that
record comes (`correspondence.py`). A timer that is due may find its work done already: so it may come twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from contracts.bounds import FIRST_INSTANT, LAST_INSTANT
from contracts.calendar import fiscal_year
from contracts.duties.duty import RecordKind
from contracts.duties.recording import shown_by
from contracts.vocabulary import business_date
from services.chassis.consumer import On
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.terms import day_of_month, first_instant
from services.chassis.duties.timers import DutyDue, YearOfDuties
from services.chassis.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Task:
    """How staff make a record. `do` is given the id of the record to answer, or whom the new one concerns."""

    make: RecordKind
    do: Callable[[str, Transaction], Awaitable[object]]
    concerning: tuple[str, ...] = ()
    """Whom it concerns, if it is made unasked."""
    month: int | None = None
    """Made in this month of each fiscal year; None: once, when work begins."""


@dataclass(frozen=True, slots=True)
class Staff:
    """The staff of the party whose correspondence this is."""

    correspondence: Correspondence
    tasks: Sequence[Task]
    by_kind: Mapping[RecordKind, Task] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_kind", {task.make: task for task in self.tasks})

    @property
    def subscriptions(self) -> Sequence[On]:
        return On(YearOfDuties, self.plan, natural_key=True), On(DutyDue, self.work, natural_key=True)

    async def plan(self, years: Sequence[YearOfDuties], tx: Transaction) -> None:
        """Set a timer for everything that is owed in a fiscal year and not done yet, and one for the next year."""
        for year in years if self.correspondence.terms.kept else ():
            for task in self.tasks:
                for about in task.concerning:
                    await self._plan(task, about, year.fiscal_year, tx)
            following = YearOfDuties(fiscal_year=year.fiscal_year + 1)
            begins = first_instant(following.fiscal_year)
            if begins <= LAST_INSTANT:
                _set(following, begins, tx)

    async def _plan(self, task: Task, about: str, year: int, tx: Transaction) -> None:
        if task.month is None:
            due, at = DutyDue(make=task.make, about=about), tx.now
        else:
            due = DutyDue(make=task.make, about=about, fiscal_year=year)
            at = max(day_of_month(year, task.month), tx.now)
        if not await self._is_done(due, tx):
            _set(due, at, tx)

    async def work(self, dues: Sequence[DutyDue], tx: Transaction) -> None:
        """Do what is due, unless it is done, or neglected."""
        for due in dues:
            if not self.correspondence.terms.kept or self._neglects(due.make) or await self._is_done(due, tx):
                continue
            await self.by_kind[due.make].do(due.about, tx)

    def _neglects(self, make: RecordKind) -> bool:
        terms = self.correspondence.terms
        return bool(terms.neglected) and not terms.neglected.isdisjoint(
            shown_by(make, self.correspondence.register.party)
        )

    async def _is_done(self, due: DutyDue, tx: Transaction) -> bool:
        """Of what is made unasked; the use case itself refuses a second answer."""
        if due.about not in self.by_kind[due.make].concerning:
            return False
        since = first_instant(due.fiscal_year) if due.fiscal_year else FIRST_INSTANT
        return await self.correspondence.register.has_since(tx.session, due.make, due.about, since)


def plan_this_year(now: datetime, tx: Transaction) -> None:
    """At the start of a service: replaces the timer of a start before."""
    _set(YearOfDuties(fiscal_year=fiscal_year(business_date(now))), now, tx)


def _set(timer: YearOfDuties | DutyDue, at: datetime, tx: Transaction) -> None:
    tx.cancel(type(timer), [timer.subject])
    tx.schedule(timer, at)
