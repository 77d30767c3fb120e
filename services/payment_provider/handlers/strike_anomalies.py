"""異常: let anomalies that were asked for strike payments."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.vocabulary import ReceiptAnomaly
from services.chassis.transaction import Transaction
from services.payment_provider.behaviour import ANOMALIES, AskedAnomaly, without_omitted
from services.payment_provider.domain.payment import Payment
from services.payment_provider.domain.reporting import ReportTimes
from services.payment_provider.store import anomalies


def struck(payment: Payment, anomaly: ReceiptAnomaly) -> Payment:
    """The payment with the anomaly: records that it omits have no time."""
    times = without_omitted(ReportTimes(payment.preliminary_at, payment.confirm_at), anomaly)
    return payment._replace(anomaly=anomaly, preliminary_at=times.preliminary_at, confirm_at=times.confirm_at)


def strike_named(collected: Sequence[Payment]) -> Sequence[Payment]:
    """Payments just made; anomalies asked for them by name strike now."""
    return [payment if payment.anomaly is None else struck(payment, payment.anomaly) for payment in collected]


async def strike_next(collected: Sequence[Payment], tx: Transaction) -> Sequence[Payment]:
    """Payments just made, by payment id. Those without an anomaly are struck by a waiting one that fits, if any."""
    waiting, used = list(await anomalies.lock_waiting(tx.session)), list[AskedAnomaly]()
    made = []
    for payment in sorted(collected, key=lambda p: p.payment_id):
        asked = next((a for a in waiting if payment.anomaly is None and fits(a.kind, payment)), None)
        if asked is not None:
            waiting.remove(asked)
            used.append(asked._replace(payment_id=payment.payment_id, struck_at=tx.now))
        made.append(payment if asked is None else payment._replace(anomaly=asked.kind))
    await anomalies.strike(tx.session, used)
    return strike_named(made)


def fits(anomaly: ReceiptAnomaly, payment: Payment) -> bool:
    """Whether the anomaly can strike the payment: some need a 速報 still to come."""
    return payment.preliminary_at is not None or not ANOMALIES[anomaly].needs_preliminary
