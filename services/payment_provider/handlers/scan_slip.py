"""納付書読取: open a payment for a slip that can be paid in the app."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from contracts.events import SlipScanned
from contracts.formats.barcode import Barcode
from contracts.http.payment_provider.payments import PaymentsAnswer, PaymentView, ScanRequest, ScansRequest
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.payment_provider.domain.payment import Payment, PaymentStatus, abandon, latest_in_app, next_attempt
from services.payment_provider.domain.scan import SlipRules, read_slip, refuse_second_payment
from services.payment_provider.handlers.attempts import Attempts
from services.payment_provider.handlers.bulk import each_for_itself
from services.payment_provider.store import consents, payments
from services.payment_provider.views import payment_view

CONSENT_MISSING = Refusal(
    "consent_missing", "the payer has not accepted the terms of use", "POST /consents and send its consent_id"
)


async def scan_slips(
    requests: Sequence[ScanRequest], tx: Transaction, *, rules: SlipRules
) -> Sequence[PaymentView | Refusal]:
    """A slip scanned again before a method was chosen gets a new payment; the old one is abandoned."""
    known_consents = await consents.known(tx.session, {r.consent_id for r in requests})
    slips = [
        read_slip(r.barcode, rules, tx.now) if r.consent_id in known_consents else CONSENT_MISSING for r in requests
    ]
    numbers = {s.free_area for s in slips if isinstance(s, Barcode)}
    attempts = Attempts(await payments.lock_of_slips(tx.session, numbers), tx)
    answers = [
        slip if isinstance(slip, Refusal) else _open(slip, request.consent_id, attempts, tx)
        for request, slip in zip(requests, slips, strict=True)
    ]
    await payments.save(tx.session, attempts)
    return [a if isinstance(a, Refusal) else payment_view(a, None) for a in answers]


async def scan_many(requests: Sequence[ScansRequest], tx: Transaction, *, rules: SlipRules) -> Sequence[PaymentsAnswer]:
    """Each slip for itself. One that comes twice is scanned again."""
    return await each_for_itself([request.scans for request in requests], partial(scan_slips, tx=tx, rules=rules))


def _open(slip: Barcode, consent_id: str, attempts: Attempts, tx: Transaction) -> Payment | Refusal:
    made = attempts.of_slip(slip.free_area)
    earlier = latest_in_app(made)
    refusal = refuse_second_payment(earlier)
    if refusal is not None:
        return refusal
    if earlier is not None and earlier.status is PaymentStatus.SCANNED:
        attempts.put(earlier.payment_id, abandon(earlier, tx.now))
    attempt = next_attempt(made)
    payment = Payment(
        payment_id=attempts.new_id(slip.free_area, attempt),
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
    return attempts.open(payment)
