"""速報: report a payment to the ward some days later, at channels whose terms say so."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.vocabulary import ReceiptKind
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction
from services.payment_provider.domain.payment import report
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.store import payments
from services.payment_provider.timers import PreliminaryDue


async def report_due(due: Sequence[PreliminaryDue], tx: Transaction) -> None:
    """No record of a payment that was cancelled, or whose 確報 was made at the same moment."""
    steps = Steps(await payments.lock(tx.session, subjects(due)), tx)
    for timer in due:
        steps.take(timer, report(steps[timer.payment_id]))
    await payments.save(tx.session, steps)
    await deliver(ReceiptKind.PRELIMINARY, steps.changed.values(), tx)
