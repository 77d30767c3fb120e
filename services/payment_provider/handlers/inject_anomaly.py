"""異常の依頼: let receipt data contradict themselves, on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from contracts.http.payment_provider.anomalies import ReceiptAnomaliesAnswer, ReceiptAnomalyRequest
from contracts.vocabulary import ReceiptAnomaly, ReceiptKind, Refusal
from services.chassis.steps import Steps
from services.chassis.transaction import Transaction
from services.payment_provider.behaviour import ANOMALIES, AskedAnomaly
from services.payment_provider.domain.payment import ENDED, Payment, PaymentStatus
from services.payment_provider.handlers.strike_anomalies import fits, struck
from services.payment_provider.store import anomalies, payments
from services.payment_provider.timers import CancellationDue, ConfirmationDue, PreliminaryDue
from services.payment_provider.views import anomaly_view

_DELIVERED: Final[Mapping[PaymentStatus, frozenset[ReceiptKind]]] = {
    PaymentStatus.PAID: frozenset({ReceiptKind.PRELIMINARY}),
    PaymentStatus.CONFIRMED: frozenset({ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED}),
}
"""The records delivered of a payment that stands."""


async def inject_anomalies(
    requests: Sequence[ReceiptAnomalyRequest], tx: Transaction
) -> Sequence[ReceiptAnomaliesAnswer | Refusal]:
    """For one payment whose records concerned are still to come, or for each of the next ones that it fits."""
    steps = Steps(await payments.lock(tx.session, {r.payment_id for r in requests if r.payment_id is not None}), tx)
    number = await anomalies.count(tx.session)
    new: list[AskedAnomaly] = []
    answers: list[ReceiptAnomaliesAnswer | Refusal] = []
    for request in requests:
        payment_id = request.payment_id
        refusal = None if payment_id is None else _refuse(request.kind, payment_id, steps.get(payment_id))
        if refusal is not None:
            answers.append(refusal)
            continue
        if payment_id is not None:
            steps.put(payment_id, _strike(steps[payment_id], request.kind, tx))
        asked = [_asked(request, number + len(new) + n, tx) for n in range(request.next or 1)]
        new += asked
        answers.append(ReceiptAnomaliesAnswer(anomalies=tuple(map(anomaly_view, asked))))
    await payments.save(tx.session, steps)
    await anomalies.add(tx.session, new)
    return answers


def _refuse(kind: ReceiptAnomaly, payment_id: str, payment: Payment | None) -> Refusal | None:
    if payment is None:
        return Refusal("payment_unknown", f"there is no payment {payment_id}", "scan a slip: POST /scans")
    if payment.anomaly is not None:
        there = f"payment {payment_id} has an anomaly already: {payment.anomaly}"
        return Refusal("anomaly_exists", there, "name another payment; each can go wrong in one way")
    if payment.status in ENDED or _DELIVERED.get(payment.status, frozenset()) & ANOMALIES[kind].touches:
        late = f"payment {payment_id} is {payment.status}: its records are sent, or will never be"
        return Refusal("anomaly_too_late", late, "name a payment whose records are still to come, or ask for the next")
    if payment.status is PaymentStatus.COLLECTED and not fits(kind, payment):
        wrong = f"payment {payment_id} was made at a channel without 速報 ({payment.method})"
        return Refusal("anomaly_does_not_fit", wrong, "name a payment of a channel that has 速報")
    return None


def _strike(payment: Payment, kind: ReceiptAnomaly, tx: Transaction) -> Payment:
    """The struck payment; timers of records that are now omitted are cancelled."""
    changed = struck(payment, kind)
    if payment.preliminary_at is not None and changed.preliminary_at is None:
        tx.cancel(PreliminaryDue, [payment.payment_id])
    if payment.confirm_at is not None and changed.confirm_at is None:
        tx.cancel(ConfirmationDue, [payment.payment_id])
    cancels_in = ANOMALIES[kind].cancels_in
    if cancels_in is not None and payment.status is PaymentStatus.CONFIRMED:
        tx.schedule(CancellationDue(payment_id=payment.payment_id), tx.now + cancels_in)
    return changed


def _asked(request: ReceiptAnomalyRequest, number: int, tx: Transaction) -> AskedAnomaly:
    struck_at = None if request.payment_id is None else tx.now
    anomaly_id = tx.new_id("anomaly", str(number))
    return AskedAnomaly(anomaly_id, number, request.kind, tx.now, request.payment_id, struck_at)
