"""督促: send the reminders (督促状) of a day. No fee (督促手数料) is charged for one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.chassis.transaction import Transaction
from services.ward.store import reminders
from services.ward.store.rows import StoredReminder
from services.ward.timers import RemindersDue

REMINDERS_PER_PAGE: Final = 500
"""At most this many are sent in one transaction; a further page follows in its own."""


async def send_reminders(due: Sequence[RemindersDue], tx: Transaction, *, per_page: int = REMINDERS_PER_PAGE) -> None:
    """For each slip on which something is owed as far as the ward knows: once, until its debt revives."""
    unpaid = await reminders.lock_unpaid(tx.session, {timer.remind_on for timer in due}, per_page)
    if not unpaid:
        return
    sent = [StoredReminder(s.slip_number, s.reminders + 1, tx.now, s.outstanding) for s in unpaid]
    await reminders.add(tx.session, sent)
    if len(sent) == per_page:
        for timer in due:
            tx.schedule(RemindersDue(remind_on=timer.remind_on, page=timer.page + 1), tx.now)
