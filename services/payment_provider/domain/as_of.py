"""A payment as it stood at a past instant: later steps are undone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from contracts.vocabulary import IN_APP, Method, ReceiptKind
from services.payment_provider.domain.payment import Payment, PaymentStatus
from services.payment_provider.domain.reporting import ReportTimes


def as_it_stood(p: Payment, delivered: Collection[ReceiptKind], then: datetime) -> Payment | None:
    """The payment at the instant `then`, by when records of the kinds `delivered` were out; None before it was opened.

    A payment outside the app counts from when it was made, for no row says when it was reported to the provider.
    """
    if p.scanned_at > then:
        return None
    if p.ended_at is not None and p.ended_at <= then:
        return p
    stood = p._replace(ended_at=None, decline_reason=None)
    if p.paid_at is not None and p.paid_at <= then:
        return stood._replace(status=_reported(delivered))
    stood = stood._replace(
        paid_at=None, received_on=None, preliminary_at=None, confirm_at=None, closes_on=None, deposit_on=None
    )
    if p.approved_at is not None and p.approved_at <= then:
        return stood._replace(status=PaymentStatus.ENTRUSTED)
    if p.method_chosen_at is not None and p.method_chosen_at <= then:
        status = PaymentStatus.AUTHORIZING if p.method is Method.CARD else PaymentStatus.AT_BANK
        return stood._replace(status=status, approved_at=None)
    return _opened(stood)


def before_anomaly(p: Payment, times: ReportTimes) -> Payment:
    """The payment before an anomaly (異常) was asked for it: its records are due at `times`."""
    if p.paid_at is None:
        return p._replace(anomaly=None)
    return p._replace(anomaly=None, preliminary_at=times.preliminary_at, confirm_at=times.confirm_at)


def _reported(delivered: Collection[ReceiptKind]) -> PaymentStatus:
    if ReceiptKind.CONFIRMED in delivered:
        return PaymentStatus.CONFIRMED
    return PaymentStatus.PAID if ReceiptKind.PRELIMINARY in delivered else PaymentStatus.COLLECTED


def _opened(p: Payment) -> Payment:
    assert p.method is None or p.method in IN_APP, "a payment outside the app is paid when it is opened"
    opened = Payment(p.payment_id, p.slip_number, p.attempt, p.barcode, p.amount, p.consent_id, p.scanned_at)
    return opened._replace(erased_at=p.erased_at)
