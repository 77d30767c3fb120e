"""速報: tell the ward of a payment some days later, where that is agreed."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.vocabulary import ReceiptKind
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import report
from services.payment_provider.handlers.receipt_data import deliver
from services.payment_provider.timers import PreliminaryDue


async def report_due(due: Sequence[PreliminaryDue], tx: Transaction) -> None:
    """Nothing to tell where the payment fell away, or its 確報 told of it at the same moment."""
    known = await store.lock(tx.session, {t.payment_id for t in due})
    reported = [p for t in due if (p := report(known[t.payment_id])) is not None]
    await store.save(tx.session, known, reported)
    await deliver(ReceiptKind.PRELIMINARY, reported, tx)
