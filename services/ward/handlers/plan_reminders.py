"""督促予定: on which day a slip is reminded of. A day has one timer, however many slips are reminded of on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from contracts.vocabulary import business_date
from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.instalments import Slip
from services.ward.domain.reminders import ReminderRule
from services.ward.timers import RemindersDue


async def issue(slips: Iterable[Slip], tx: Transaction, reminders: ReminderRule) -> None:
    """調定: new slips are owed from now on, and reminded of when they are not paid in time."""
    new, today = list(slips), business_date(tx.now)
    days: dict[str, date] = {slip.slip_number: reminders.remind_on(slip.due_on, today) for slip in new}
    await store.issue(tx.session, new, days, today, tx.now)
    await _await_days(days.values(), tx, reminders)


async def remind_anew(due: Mapping[str, date], tx: Transaction, reminders: ReminderRule) -> None:
    """Debts that revive, slip number → due date, are reminded of as if they were known only now."""
    days = {number: reminders.remind_on(due_on, business_date(tx.now)) for number, due_on in due.items()}
    await store.plan_reminders(tx.session, days)
    await _await_days(days.values(), tx, reminders)


async def _await_days(days: Iterable[date], tx: Transaction, reminders: ReminderRule) -> None:
    for day in await store.add_reminder_days(tx.session, set(days), tx.now):
        tx.schedule(RemindersDue(remind_on=day, page=1), reminders.sent_at(day))
