"""督促: send the reminders (督促状) of a day. No fee is charged for one (督促手数料)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.timers import RemindersDue

REMINDERS_PER_PAGE: Final = 500
"""So many in one transaction."""


async def send_reminders(due: Sequence[RemindersDue], tx: Transaction, *, per_page: int = REMINDERS_PER_PAGE) -> None:
    """To whom owes something as far as the ward knows; a slip once, until its debt revives."""
    for timer in due:
        unpaid = await store.lock_unpaid(tx.session, timer.remind_on, per_page)
        if not unpaid:
            continue
        rows = [
            {"slip_number": number, "number": earlier + 1, "sent_at": tx.now, "outstanding": outstanding}
            for number, outstanding, earlier in unpaid
        ]
        await store.add_reminders(tx.session, rows)
        if len(rows) == per_page:
            tx.schedule(RemindersDue(remind_on=timer.remind_on, page=timer.page + 1), tx.now)
