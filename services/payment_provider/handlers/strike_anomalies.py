"""異常: what was asked for meets the payments it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.vocabulary import ReceiptAnomaly
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.behaviour import ANOMALIES, without_omitted
from services.payment_provider.domain.payment import Payment, Plan


def struck(payment: Payment, anomaly: ReceiptAnomaly) -> Payment:
    """The payment, its receipt data to go wrong in this way."""
    plan = without_omitted(Plan(payment.preliminary_at, payment.confirm_at), anomaly)
    return payment._replace(anomaly=anomaly, preliminary_at=plan.preliminary_at, confirm_at=plan.confirm_at)


def strike_named(taken: Sequence[Payment]) -> Sequence[Payment]:
    """Payments just made, those struck that an anomaly was asked for by name."""
    return [payment if payment.anomaly is None else struck(payment, payment.anomaly) for payment in taken]


async def strike_next(taken: Sequence[Payment], tx: Transaction) -> Sequence[Payment]:
    """The same, and of the others those that fit an anomaly asked for the next payments: in order of payment id."""
    waiting = list(await store.lock_waiting_anomalies(tx.session))
    made, met = [], []
    for payment in sorted(taken, key=lambda p: p.payment_id):
        asked = next((row for row in waiting if payment.anomaly is None and fits(row.kind, payment)), None)
        if asked is not None:
            waiting.remove(asked)
            met.append({"struck_id": asked.anomaly_id, "new_payment_id": payment.payment_id, "new_struck_at": tx.now})
        made.append(payment if asked is None else payment._replace(anomaly=asked.kind))
    await store.strike_anomalies(tx.session, met)
    return strike_named(made)


def fits(anomaly: ReceiptAnomaly, payment: Payment) -> bool:
    """Whether the payment's records can go wrong in this way: some anomalies need a 速報 still to come."""
    return payment.preliminary_at is not None or not ANOMALIES[anomaly].needs_preliminary
