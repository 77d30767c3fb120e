"""収納データ作成: the records that report a payment to the ward, for every channel."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import structs

from contracts.events import ReceiptDelivered
from contracts.vocabulary import ReceiptKind
from services.chassis.transaction import Transaction
from services.payment_provider.behaviour import ANOMALIES, with_other_amount
from services.payment_provider.domain.payment import Payment, report
from services.payment_provider.domain.reporting import DeliveredReceipt
from services.payment_provider.store import receipts
from services.payment_provider.timers import CancellationDue, ConfirmationDue, PreliminaryDue


def begin_reporting(collected: Sequence[Payment], tx: Transaction) -> Sequence[Payment]:
    """Schedule the records of payments just made. Those whose 速報 is due now come back reported; deliver it."""
    begun = []
    for payment in collected:
        if payment.confirm_at is not None:
            tx.schedule(ConfirmationDue(payment_id=payment.payment_id), payment.confirm_at)
        if payment.preliminary_at is not None and payment.preliminary_at > tx.now:
            tx.schedule(PreliminaryDue(payment_id=payment.payment_id), payment.preliminary_at)
            begun.append(payment)
        else:
            begun.append(report(payment) or payment)
    return begun


async def deliver(kind: ReceiptKind, reported: Collection[Payment], tx: Transaction) -> None:
    """Publish a record of this kind for each payment, and store that it was delivered."""
    records = [record for payment in reported for record in _records(kind, payment, tx)]
    for record in records:
        tx.publish(record)
    await receipts.add(tx.session, [_delivered(record) for record in records])
    if kind is ReceiptKind.CONFIRMED:
        _schedule_cancellations(reported, tx)


def _records(kind: ReceiptKind, payment: Payment, tx: Transaction) -> Iterator[ReceiptDelivered]:
    """One record; an anomaly (異常) may alter it, or send it twice."""
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


def _delivered(record: ReceiptDelivered) -> DeliveredReceipt:
    return DeliveredReceipt(
        record.payment_id, record.kind, record.repetition, record.amount, record.received_on, record.delivered_at
    )


def _schedule_cancellations(confirmed: Collection[Payment], tx: Transaction) -> None:
    for payment in confirmed:
        cancels_in = ANOMALIES[payment.anomaly].cancels_in if payment.anomaly else None
        if cancels_in is not None:
            tx.schedule(CancellationDue(payment_id=payment.payment_id), tx.now + cancels_in)
