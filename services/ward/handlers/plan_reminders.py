"""督促予定: the day on which a slip is reminded of. A day has one timer, however many slips it is for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from contracts.vocabulary import business_date
from services.chassis.transaction import Transaction
from services.ward.domain.instalments import Slip
from services.ward.domain.reminders import ReminderRule
from services.ward.store import reminders, slips
from services.ward.timers import RemindersDue


async def issue(new: Iterable[Slip], tx: Transaction, rule: ReminderRule) -> None:
    """調定: issues slips, which are owed from now on, and plans the reminders of those not paid in time."""
    issued, today = list(new), business_date(tx.now)
    days: dict[str, date] = {slip.slip_number: rule.remind_on(slip.due_on, today) for slip in issued}
    await slips.issue(tx.session, issued, days, today, tx.now)
    await _await_days(days.values(), tx, rule)


async def remind_again(due: Mapping[str, date], tx: Transaction, rule: ReminderRule) -> None:
    """Plans reminders for revived debts (slip number → due date) as if they became known now."""
    days = {number: rule.remind_on(due_on, business_date(tx.now)) for number, due_on in due.items()}
    await reminders.plan(tx.session, days)
    await _await_days(days.values(), tx, rule)


async def _await_days(days: Iterable[date], tx: Transaction, rule: ReminderRule) -> None:
    for day in await reminders.add_days(tx.session, set(days), tx.now):
        tx.schedule(RemindersDue(remind_on=day, page=1), rule.sent_at(day))
