"""明細未着: a month's receipts are to be on their settler's statements by a day; those that are not are found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta

from contracts.calendar import end_of_month
from contracts.events import ReceiptDelivered
from contracts.vocabulary import Settler, on_the_clock
from services.chassis.transaction import Transaction
from services.ward import store
from services.ward.domain.receipts import Discrepancy
from services.ward.timers import StatementsExpected

Month = tuple[Settler, date]


class StatementWatch:
    """Which months have their timer. One that is seen to be on record stays so: it is not looked for again."""

    def __init__(self, expected_days: int) -> None:
        self.expected_days = expected_days
        self._known: set[Month] = set()

    async def begin(self, delivered: Sequence[ReceiptDelivered], tx: Transaction) -> None:
        """Set the timer of each month that has its first receipt here."""
        months = {(d.settler, d.received_on.replace(day=1)) for d in delivered} - self._known
        if not months:
            return
        on_record = await store.months_on_record(tx.session, months)
        self._known |= on_record
        await store.watch_months(tx.session, months - on_record)
        for settler, month in sorted(months - on_record):
            last = end_of_month(month.year, month.month) + timedelta(days=self.expected_days)
            due_at = max(tx.now, on_the_clock(last + timedelta(days=1), time(0)))
            tx.schedule(StatementsExpected(settler=settler, month=month), due_at)


async def find_unlisted_receipts(due: Sequence[StatementsExpected], tx: Transaction, *, expected_days: int) -> None:
    """Each is kept as a discrepancy; it is closed when a statement lists the payment after all."""
    found = []
    for timer in due:
        for row in await store.unlisted_receipts(tx.session, timer.settler, timer.month):
            detail = (
                f"no statement of {timer.settler.value} lists it {expected_days} days after the end of its month "
                f"(収納日 {row.received_on}) [statement_expected_days]"
            )
            found.append(Discrepancy("statement_missing", row.payment_id, timer.settler.value, row.amount, detail))
    await store.add_discrepancies(tx.session, found, tx.now)
