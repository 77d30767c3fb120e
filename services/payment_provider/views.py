"""What the payment provider shows of a payment, of an anomaly, of receipt files and who asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.http.payment_provider.anomalies import ReceiptAnomalyView
from contracts.http.payment_provider.payments import PaymentView
from contracts.http.payment_provider.receipt_files import ReceiptFileView, RecordedAccess
from services.payment_provider.domain.payment import Payment


def payment_view(payment: Payment, system_fee: int | None) -> PaymentView:
    """The payment as its payer may see it."""
    return PaymentView(
        payment_id=payment.payment_id,
        slip_number=payment.slip_number,
        amount=payment.amount,
        status=payment.status.value,
        method=payment.method,
        agent=payment.agent,
        brand=payment.brand,
        last4=payment.last4,
        system_fee=system_fee,
        decline_reason=payment.decline_reason,
        scanned_at=payment.scanned_at,
    )


def anomaly_view(row: Mapping[str, Any]) -> ReceiptAnomalyView:
    """An anomaly that was asked for."""
    return ReceiptAnomalyView(**{name: row[name] for name in ReceiptAnomalyView.model_fields})


def receipt_file_view(row: Any) -> ReceiptFileView:
    """A file as its list tells it."""
    return ReceiptFileView(**{name: getattr(row, name) for name in ReceiptFileView.model_fields})


def access_view(row: Any) -> RecordedAccess:
    """One request of a terminal."""
    return RecordedAccess(**{name: getattr(row, name) for name in RecordedAccess.model_fields})
