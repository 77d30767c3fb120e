"""収納: record that a slip was paid outside the app: at a till, over a counter, from an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from contracts.channels import NETWORKS
from contracts.formats.barcode import Barcode
from contracts.http.payment_provider.collections import CollectionRequest, CollectionsRequest
from contracts.http.payment_provider.payments import PaymentsAnswer, PaymentView
from contracts.vocabulary import ReceiptKind, Refusal, business_date
from services.chassis.transaction import Transaction
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.collection import PresentedSlip, read_presented
from services.payment_provider.domain.payment import Payment, PaymentStatus, next_attempt
from services.payment_provider.domain.scan import SlipRules
from services.payment_provider.handlers.attempts import Attempts
from services.payment_provider.handlers.bulk import each_for_itself
from services.payment_provider.handlers.count_in import count_in
from services.payment_provider.handlers.receipt_data import begin_reporting, deliver
from services.payment_provider.handlers.strike_anomalies import strike_next
from services.payment_provider.store import payments
from services.payment_provider.views import payment_view


@dataclass(frozen=True, slots=True)
class CollectionRules:
    """The settings that a collection is subject to."""

    slips: SlipRules
    channels: Channels


async def collect_slips(
    requests: Sequence[CollectionRequest], tx: Transaction, *, rules: CollectionRules
) -> Sequence[PaymentView | Refusal]:
    """No channel knows of another, nor of the app: a slip paid twice is two payments (二重納付)."""
    slips = [_read(request, rules.slips, tx) for request in requests]
    numbers = {s.free_area for s in slips if isinstance(s, Barcode)}
    attempts = Attempts(await payments.lock_of_slips(tx.session, numbers), tx)
    answers = [
        slip if isinstance(slip, Refusal) else _open(request, slip, attempts, rules.channels, tx)
        for request, slip in zip(requests, slips, strict=True)
    ]
    if attempts.changed:
        await _begin_reporting(attempts, rules.channels, tx)
    return [a if isinstance(a, Refusal) else payment_view(attempts[a.payment_id], 0) for a in answers]


async def collect_many(
    requests: Sequence[CollectionsRequest], tx: Transaction, *, rules: CollectionRules
) -> Sequence[PaymentsAnswer]:
    """Each slip for itself: a refusal names the place of its slip, the others are recorded."""
    items = [request.collections for request in requests]
    return await each_for_itself(items, partial(collect_slips, tx=tx, rules=rules))


def _read(request: CollectionRequest, rules: SlipRules, tx: Transaction) -> Barcode | Refusal:
    paid_at = _paid_at(request, tx)
    if paid_at > tx.now:
        return Refusal(
            "collection_in_future",
            f"paid_at is {paid_at.isoformat()}; now it is {tx.now.isoformat()}",
            "report a payment when it is made, or afterwards",
        )
    issuer = request.issuer or rules.issuers[0]
    given = PresentedSlip(request.method, request.barcode, request.slip_number, issuer, request.amount)
    return read_presented(given, rules, business_date(paid_at))


def _open(
    request: CollectionRequest, slip: Barcode, attempts: Attempts, channels: Channels, tx: Transaction
) -> Payment:
    attempt, paid_at = next_attempt(attempts.of_slip(slip.free_area)), _paid_at(request, tx)
    times = channels.report_times(request.method, paid_at, tx.now)
    payment = Payment(
        payment_id=attempts.new_id(slip.free_area, attempt),
        slip_number=slip.free_area,
        attempt=attempt,
        barcode=slip.digits,
        amount=slip.amount,
        consent_id=None,
        scanned_at=paid_at,
        status=PaymentStatus.COLLECTED,
        method=request.method,
        settler=NETWORKS[request.method],
        method_chosen_at=paid_at,
        paid_at=paid_at,
        received_on=business_date(paid_at),
        preliminary_at=times.preliminary_at,
        confirm_at=times.confirm_at,
    )
    return attempts.open(payment)


def _paid_at(request: CollectionRequest, tx: Transaction) -> datetime:
    return tx.now if request.paid_at is None else request.paid_at.astimezone(UTC)


async def _begin_reporting(attempts: Attempts, channels: Channels, tx: Transaction) -> None:
    counted = await count_in(list(attempts.changed.values()), channels, tx)
    begun = begin_reporting(await strike_next(counted, tx), tx)
    for payment in begun:
        attempts.put(payment.payment_id, payment)
    await payments.save(tx.session, attempts)
    await deliver(ReceiptKind.PRELIMINARY, [p for p in begun if p.status is PaymentStatus.PAID], tx)
