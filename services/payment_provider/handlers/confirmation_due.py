"""確報: confirm the receipt data after the agreed business days."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.vocabulary import ReceiptKind
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction
from services.payment_provider.domain.payment import confirm, report
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.store import payments
from services.payment_provider.timers import ConfirmationDue


async def confirm_due(due: Sequence[ConfirmationDue], tx: Transaction) -> None:
    """No record of a payment that was cancelled. A 速報 due at the same time is delivered first."""
    steps = Steps(await payments.lock(tx.session, subjects(due)), tx)
    await deliver(ReceiptKind.PRELIMINARY, [p for t in due if (p := report(steps[t.payment_id])) is not None], tx)
    for timer in due:
        steps.take(timer, confirm(steps[timer.payment_id]))
    await payments.save(tx.session, steps)
    await deliver(ReceiptKind.CONFIRMED, steps.changed.values(), tx)
