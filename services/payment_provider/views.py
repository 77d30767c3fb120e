"""What HTTP shows of a payment, an anomaly and a receipt file."""

from __future__ import annotations

from contracts.http.payment_provider.anomalies import ReceiptAnomalyView
from contracts.http.payment_provider.payments import PaymentView
from contracts.http.payment_provider.receipt_files import ReceiptFileView
from services.payment_provider.behaviour import AskedAnomaly
from services.payment_provider.domain.payment import Payment
from services.payment_provider.domain.receipt_files import ReceiptFile


def payment_view(payment: Payment, system_fee: int | None) -> PaymentView:
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


def anomaly_view(asked: AskedAnomaly) -> ReceiptAnomalyView:
    return ReceiptAnomalyView.model_validate(asked, from_attributes=True)


def receipt_file_view(file: ReceiptFile) -> ReceiptFileView:
    return ReceiptFileView.model_validate(file, from_attributes=True)
