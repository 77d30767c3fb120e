"""収納: a slip was paid outside the app: at a till, over a counter, from an account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from contracts.formats.barcode import Barcode
from contracts.http.payment_provider.collections import CollectionRequest, CollectionsRequest
from contracts.http.payment_provider.payments import PaymentsAnswer, PaymentView
from contracts.vocabulary import ReceiptKind, Refusal, business_date
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.channels import Channels
from services.payment_provider.domain.collection import Presented, read_presented
from services.payment_provider.domain.network import NETWORKS
from services.payment_provider.domain.payment import Payment, PaymentStatus, next_attempt
from services.payment_provider.domain.scan import SlipRules
from services.payment_provider.handlers.bulk import each_for_itself
from services.payment_provider.handlers.count_in import count_in
from services.payment_provider.handlers.receipt_data import begin_reporting, deliver
from services.payment_provider.handlers.strike_anomalies import strike_next
from services.payment_provider.views import payment_view


@dataclass(frozen=True, slots=True)
class CollectionRules:
    """What the collection centre (収納センター) goes by."""

    slips: SlipRules
    channels: Channels


async def collect_slips(
    requests: Sequence[CollectionRequest], tx: Transaction, *, rules: CollectionRules
) -> Sequence[PaymentView | Refusal]:
    """The channels do not know of each other, nor of the app: a slip paid twice is two payments (二重納付)."""
    slips = [_read(request, rules.slips, tx) for request in requests]
    known = await store.lock_of_slips(tx.session, {s.free_area for s in slips if isinstance(s, Barcode)})
    answers: list[Payment | Refusal] = []
    for request, slip in zip(requests, slips, strict=True):
        if isinstance(slip, Refusal):
            answers.append(slip)
            continue
        before = known.setdefault(slip.free_area, [])
        before.append(_collected(request, slip, next_attempt(before), rules.channels, tx))
        answers.append(before[-1])
    begun = {p.payment_id: p for p in await _record([a for a in answers if isinstance(a, Payment)], rules.channels, tx)}
    return [a if isinstance(a, Refusal) else payment_view(begun[a.payment_id], 0) for a in answers]


async def collect_many(
    requests: Sequence[CollectionsRequest], tx: Transaction, *, rules: CollectionRules
) -> Sequence[PaymentsAnswer]:
    """Each slip for itself: those that are refused are named by their place, the others are taken."""
    items = [request.collections for request in requests]
    return await each_for_itself(items, partial(collect_slips, tx=tx, rules=rules))


def _read(request: CollectionRequest, rules: SlipRules, tx: Transaction) -> Barcode | Refusal:
    paid_at = _paid_at(request, tx)
    if paid_at > tx.now:
        return Refusal(
            "collection_in_future",
            f"it is said to be paid at {paid_at.isoformat()}; now it is {tx.now.isoformat()}",
            "report a payment when it is made, or afterwards",
        )
    issuer = request.issuer or rules.issuers[0]
    given = Presented(request.method, request.barcode, request.slip_number, issuer, request.amount)
    return read_presented(given, rules, business_date(paid_at))


def _collected(request: CollectionRequest, slip: Barcode, attempt: int, channels: Channels, tx: Transaction) -> Payment:
    paid_at = _paid_at(request, tx)
    plan = channels.plan(request.method, paid_at, tx.now)
    return Payment(
        payment_id=tx.new_id("payment", slip.free_area, str(attempt)),
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
        preliminary_at=plan.preliminary_at,
        confirm_at=plan.confirm_at,
    )


def _paid_at(request: CollectionRequest, tx: Transaction) -> datetime:
    return tx.now if request.paid_at is None else request.paid_at.astimezone(UTC)


async def _record(collected: Sequence[Payment], channels: Channels, tx: Transaction) -> Sequence[Payment]:
    if not collected:
        return []
    begun = begin_reporting(await strike_next(await count_in(collected, channels, tx), tx), tx)
    await store.add(tx.session, begun)
    await deliver(ReceiptKind.PRELIMINARY, [p for p in begun if p.status is PaymentStatus.PAID], tx)
    return begun
