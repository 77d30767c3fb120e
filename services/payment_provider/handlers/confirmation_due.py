"""確報: confirm the receipt data after the agreed business days."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.vocabulary import ReceiptKind
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import confirm, report
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.timers import ConfirmationDue


async def confirm_due(due: Sequence[ConfirmationDue], tx: Transaction) -> None:
    """Nothing to confirm where the payment fell away before. A 速報 that is due at the same time goes first."""
    known = await store.lock(tx.session, {t.payment_id for t in due})
    waiting = [known[t.payment_id] for t in due]
    await deliver(ReceiptKind.PRELIMINARY, [p for w in waiting if (p := report(w)) is not None], tx)
    confirmed = [p for w in waiting if (p := confirm(w)) is not None]
    await store.save(tx.session, known, confirmed)
    await deliver(ReceiptKind.CONFIRMED, confirmed, tx)
