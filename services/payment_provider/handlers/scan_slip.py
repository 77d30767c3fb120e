"""納付書読取: open a payment for a slip that can be paid in the app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.events import SlipScanned
from contracts.formats.barcode import Barcode
from contracts.http import PaymentView, ScanRequest
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import Payment, PaymentStatus, abandon, latest_in_app, next_attempt
from services.payment_provider.domain.scan import SlipRules, read_slip, refuse_taken
from services.payment_provider.views import payment_view

CONSENT_MISSING = Refusal(
    "consent_missing", "the payer has not accepted the terms of use", "POST /consents and send its consent_id"
)


async def scan_slips(
    requests: Sequence[ScanRequest], tx: Transaction, *, rules: SlipRules
) -> Sequence[PaymentView | Refusal]:
    """A slip scanned anew before a method was chosen gets a new payment; the old one is abandoned."""
    consents = await store.known_consents(tx.session, {r.consent_id for r in requests})
    slips = [read_slip(r.barcode, rules, tx.now) if r.consent_id in consents else CONSENT_MISSING for r in requests]
    made = await store.lock_of_slips(tx.session, {s.free_area for s in slips if isinstance(s, Barcode)})
    answers: list[Payment | Refusal] = [
        slip if isinstance(slip, Refusal) else _open(slip, request.consent_id, made, tx)
        for request, slip in zip(requests, slips, strict=True)
    ]
    opened = [p for p in answers if isinstance(p, Payment)]
    latest = [p for o in opened if (p := latest_in_app(made.get(o.slip_number, ()))) is not None]
    left = {p.payment_id: p for p in latest if p.status is PaymentStatus.SCANNED}
    await store.save(tx.session, left, [abandon(p, tx.now) for p in left.values()])
    await store.add(tx.session, opened)
    return [a if isinstance(a, Refusal) else payment_view(a, None) for a in answers]


def _open(slip: Barcode, consent_id: str, made: Mapping[str, Sequence[Payment]], tx: Transaction) -> Payment | Refusal:
    before = made.get(slip.free_area, ())
    refusal = refuse_taken(latest_in_app(before))
    if refusal is not None:
        return refusal
    attempt = next_attempt(before)
    payment = Payment(
        payment_id=tx.new_id("payment", slip.free_area, str(attempt)),
        slip_number=slip.free_area,
        attempt=attempt,
        barcode=slip.digits,
        amount=slip.amount,
        consent_id=consent_id,
        scanned_at=tx.now,
    )
    tx.publish(
        SlipScanned(
            payment_id=payment.payment_id,
            slip_number=payment.slip_number,
            barcode=payment.barcode,
            amount=payment.amount,
            scanned_at=tx.now,
        )
    )
    return payment
