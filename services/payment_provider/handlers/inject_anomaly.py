"""異常の依頼: a tester asks for receipt data that contradict themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts.http.payment_provider.anomalies import ReceiptAnomaliesAnswer, ReceiptAnomalyRequest
from contracts.vocabulary import ReceiptAnomaly, ReceiptKind, Refusal
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.behaviour import ANOMALIES
from services.payment_provider.domain.payment import ENDED, Payment, PaymentStatus
from services.payment_provider.handlers.strike_anomalies import fits, struck
from services.payment_provider.timers import CancellationDue, ConfirmationDue, PreliminaryDue
from services.payment_provider.views import anomaly_view

_TOLD: Final[Mapping[PaymentStatus, frozenset[ReceiptKind]]] = {
    PaymentStatus.PAID: frozenset({ReceiptKind.PRELIMINARY}),
    PaymentStatus.CONFIRMED: frozenset({ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED}),
}
"""What the ward has been told of a payment that stands."""


async def inject_anomalies(
    requests: Sequence[ReceiptAnomalyRequest], tx: Transaction
) -> Sequence[ReceiptAnomaliesAnswer | Refusal]:
    """For a payment by name, the records concerned being still to come; or for the next so many that it fits."""
    before = await store.lock(tx.session, {r.payment_id for r in requests if r.payment_id is not None})
    known = dict(before)
    number = await store.count_anomalies(tx.session)
    rows: list[dict[str, Any]] = []
    answers: list[ReceiptAnomaliesAnswer | Refusal] = []
    for request in requests:
        payment_id = request.payment_id
        refusal = None if payment_id is None else _refuse(request.kind, payment_id, known.get(payment_id))
        if refusal is not None:
            answers.append(refusal)
            continue
        if payment_id is not None:
            known[payment_id] = _strike(known[payment_id], request.kind, tx)
        asked = [_row(request, number + len(rows) + n, tx) for n in range(request.next or 1)]
        rows += asked
        answers.append(ReceiptAnomaliesAnswer(anomalies=tuple(map(anomaly_view, asked))))
    await store.save(tx.session, before, known.values())
    await store.add_anomalies(tx.session, rows)
    return answers


def _refuse(kind: ReceiptAnomaly, payment_id: str, payment: Payment | None) -> Refusal | None:
    if payment is None:
        return Refusal("payment_unknown", f"there is no payment {payment_id}", "scan a slip: POST /scans")
    if payment.anomaly is not None:
        there = f"payment {payment_id} has an anomaly already: {payment.anomaly}"
        return Refusal("anomaly_exists", there, "name another payment; each can go wrong in one way")
    if payment.status in ENDED or _TOLD.get(payment.status, frozenset()) & ANOMALIES[kind].touches:
        late = f"payment {payment_id} is {payment.status}: its records are sent, or will never be"
        return Refusal("anomaly_too_late", late, "name a payment whose records are still to come, or ask for the next")
    if payment.status is PaymentStatus.COLLECTED and not fits(kind, payment):
        wrong = f"payment {payment_id} was made at a channel without 速報 ({payment.method})"
        return Refusal("anomaly_does_not_fit", wrong, "name a payment of a channel that has 速報")
    return None


def _strike(payment: Payment, kind: ReceiptAnomaly, tx: Transaction) -> Payment:
    """Records that were planned and are now left out are not waited for."""
    changed = struck(payment, kind)
    if payment.preliminary_at is not None and changed.preliminary_at is None:
        tx.cancel(PreliminaryDue, [payment.payment_id])
    if payment.confirm_at is not None and changed.confirm_at is None:
        tx.cancel(ConfirmationDue, [payment.payment_id])
    cancels_in = ANOMALIES[kind].cancels_in
    if cancels_in is not None and payment.status is PaymentStatus.CONFIRMED:
        tx.schedule(CancellationDue(payment_id=payment.payment_id), tx.now + cancels_in)
    return changed


def _row(request: ReceiptAnomalyRequest, number: int, tx: Transaction) -> dict[str, Any]:
    return {
        "anomaly_id": tx.new_id("anomaly", str(number)),
        "number": number,
        "kind": request.kind,
        "asked_at": tx.now,
        "payment_id": request.payment_id,
        "struck_at": None if request.payment_id is None else tx.now,
    }
