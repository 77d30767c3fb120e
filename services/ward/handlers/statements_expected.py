"""明細未着: find receipts that are on no statement of their settler although it should have come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta

from contracts.calendar import end_of_month
from contracts.events import ReceiptDelivered
from contracts.vocabulary import on_the_clock
from services.chassis.transaction import Transaction
from services.ward.domain.receipts import Discrepancy
from services.ward.store import discrepancies, receipts, watched_months
from services.ward.store.watched_months import WatchedMonth
from services.ward.timers import StatementsExpected


class StatementWatch:
    """Sets the timer of each month of receipts. Remembers months that have theirs, so as not to read them again."""

    def __init__(self, expected_days: int) -> None:
        self.expected_days = expected_days
        self._known: set[WatchedMonth] = set()

    async def begin(self, delivered: Sequence[ReceiptDelivered], tx: Transaction) -> None:
        """Set the timer of each month of which these are the first receipts."""
        months = {WatchedMonth(d.settler, d.received_on.replace(day=1)) for d in delivered} - self._known
        if not months:
            return
        known = await watched_months.known(tx.session, months)
        self._known |= known
        await watched_months.add(tx.session, months - known)
        for settler, month in sorted(months - known):
            last = end_of_month(month.year, month.month) + timedelta(days=self.expected_days)
            due_at = max(tx.now, on_the_clock(last + timedelta(days=1), time(0)))
            tx.schedule(StatementsExpected(settler=settler, month=month), due_at)


async def find_unlisted_receipts(due: Sequence[StatementsExpected], tx: Transaction, *, expected_days: int) -> None:
    """Each becomes a discrepancy, which is closed when a statement lists the payment after all."""
    found = []
    for timer in due:
        for receipt in await receipts.unlisted(tx.session, timer.settler, timer.month):
            detail = (
                f"no statement of {timer.settler.value} lists it {expected_days} days after the end of its month "
                f"(収納日 {receipt.received_on}) [statement_expected_days]"
            )
            found.append(
                Discrepancy("statement_missing", receipt.payment_id, timer.settler.value, receipt.amount, detail)
            )
    await discrepancies.add(tx.session, found, tx.now)
