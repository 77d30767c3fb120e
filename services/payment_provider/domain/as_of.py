"""A payment as it stood at an instant that is past: what came later is taken away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from contracts.vocabulary import IN_APP, Method, ReceiptKind
from services.payment_provider.domain.payment import Payment, PaymentStatus, Plan


def as_it_stood(p: Payment, told: Collection[ReceiptKind], then: datetime) -> Payment | None:
    """The payment at the instant `then`, when the ward had been told of it by records of the kinds `told`; None before
    it was opened. When one that was reported late was reported is not kept: it counts from the time it was made at.
    """
    if p.scanned_at > then:
        return None
    if p.ended_at is not None and p.ended_at <= then:
        return p
    stood = p._replace(ended_at=None, decline_reason=None)
    if p.paid_at is not None and p.paid_at <= then:
        return stood._replace(status=_told(told))
    stood = stood._replace(
        paid_at=None, received_on=None, preliminary_at=None, confirm_at=None, closes_on=None, deposit_on=None
    )
    if p.approved_at is not None and p.approved_at <= then:
        return stood._replace(status=PaymentStatus.ENTRUSTED)
    if p.method_chosen_at is not None and p.method_chosen_at <= then:
        status = PaymentStatus.AUTHORIZING if p.method is Method.CARD else PaymentStatus.AT_BANK
        return stood._replace(status=status, approved_at=None)
    return _opened(stood)


def before_anomaly(p: Payment, plan: Plan) -> Payment:
    """The payment before an anomaly (異常) was asked for it: its records are due as `plan` says."""
    if p.paid_at is None:
        return p._replace(anomaly=None)
    return p._replace(anomaly=None, preliminary_at=plan.preliminary_at, confirm_at=plan.confirm_at)


def _told(told: Collection[ReceiptKind]) -> PaymentStatus:
    if ReceiptKind.CONFIRMED in told:
        return PaymentStatus.CONFIRMED
    return PaymentStatus.PAID if ReceiptKind.PRELIMINARY in told else PaymentStatus.COLLECTED


def _opened(p: Payment) -> Payment:
    """Scanned, and no method chosen."""
    assert p.method is None or p.method in IN_APP, "outside the app a payment is made when it is opened"
    return Payment(p.payment_id, p.slip_number, p.attempt, p.barcode, p.amount, p.consent_id, p.scanned_at)
