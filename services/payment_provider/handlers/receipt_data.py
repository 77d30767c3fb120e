"""収納データ作成: the record that tells the ward of a payment, made in one place for every channel."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import ReceiptDelivered
from contracts.vocabulary import ReceiptKind
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import Payment


async def deliver(kind: ReceiptKind, payments: Sequence[Payment], tx: Transaction) -> None:
    """Publish one record of this kind for each payment, and keep that it was delivered."""
    for payment in payments:
        assert payment.method and payment.settler and payment.paid_at and payment.received_on, "only paid ones"
        tx.publish(
            ReceiptDelivered(
                payment_id=payment.payment_id,
                kind=kind,
                slip_number=payment.slip_number,
                barcode=payment.barcode,
                amount=payment.amount,
                method=payment.method,
                settler=payment.settler,
                paid_at=payment.paid_at,
                received_on=payment.received_on,
                delivered_at=tx.now,
            )
        )
    rows = [
        {
            "payment_id": p.payment_id,
            "kind": kind,
            "amount": p.amount,
            "received_on": p.received_on,
            "delivered_at": tx.now,
        }
        for p in payments
    ]
    await store.add_receipts(tx.session, rows)
