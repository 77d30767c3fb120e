"""収納データ作成: the records that tell the ward of a payment, made in one place for every channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import structs

from contracts.events import ReceiptDelivered
from contracts.vocabulary import ReceiptKind
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.behaviour import ANOMALIES, with_other_amount
from services.payment_provider.domain.payment import Payment, report
from services.payment_provider.timers import CancellationDue, ConfirmationDue, PreliminaryDue


def begin_reporting(taken: Sequence[Payment], tx: Transaction) -> Sequence[Payment]:
    """Plan the records of payments just made. Where 速報 is due at once they come back reported, to be delivered."""
    begun = []
    for payment in taken:
        if payment.confirm_at is not None:
            tx.schedule(ConfirmationDue(payment_id=payment.payment_id), payment.confirm_at)
        if payment.preliminary_at is not None and payment.preliminary_at > tx.now:
            tx.schedule(PreliminaryDue(payment_id=payment.payment_id), payment.preliminary_at)
            begun.append(payment)
        else:
            begun.append(report(payment) or payment)
    return begun


async def deliver(kind: ReceiptKind, payments: Sequence[Payment], tx: Transaction) -> None:
    """Publish one record of this kind for each payment, and keep that it was delivered."""
    records = [record for payment in payments for record in _records(kind, payment, tx)]
    for record in records:
        tx.publish(record)
    await store.add_receipts(tx.session, [_row(record) for record in records])
    if kind is ReceiptKind.CONFIRMED:
        _schedule_cancellations(payments, tx)


def _records(kind: ReceiptKind, payment: Payment, tx: Transaction) -> Iterator[ReceiptDelivered]:
    """One; where an anomaly has met the payment, it may say something else, or be said again."""
    assert payment.method and payment.settler and payment.paid_at and payment.received_on, "only paid ones"
    record = ReceiptDelivered(
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
    if payment.anomaly is None:
        yield record
        return
    behaviour = ANOMALIES[payment.anomaly]
    barcode, amount = with_other_amount(payment.barcode)
    wrong = structs.replace(record, barcode=barcode, amount=amount)
    yield wrong if kind is behaviour.alters else record
    if kind is behaviour.repeats:
        yield structs.replace(wrong, repetition=1)


def _row(record: ReceiptDelivered) -> dict[str, Any]:
    names = ("payment_id", "kind", "repetition", "amount", "received_on", "delivered_at")
    return {name: getattr(record, name) for name in names}


def _schedule_cancellations(confirmed: Sequence[Payment], tx: Transaction) -> None:
    for payment in confirmed:
        cancels_in = ANOMALIES[payment.anomaly].cancels_in if payment.anomaly else None
        if cancels_in is not None:
            tx.schedule(CancellationDue(payment_id=payment.payment_id), tx.now + cancels_in)
