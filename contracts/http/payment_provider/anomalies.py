"""乙: anomalies of receipt data made on request (異常)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from contracts.http.bodies import Body, InstantOfTime, PaymentIdText, WholeNumber
from contracts.vocabulary import ReceiptAnomaly


class ReceiptAnomalyRequest(Body):
    """異常: makes the receipt data of one payment, or of each of the `next` payments, wrong."""

    kind: ReceiptAnomaly
    payment_id: PaymentIdText | None = None
    next: Annotated[WholeNumber | None, Field(ge=1, le=1_000)] = None

    @model_validator(mode="after")
    def _one_or_the_next(self) -> Self:
        if (self.payment_id is None) == (self.next is None):
            raise ValueError("give either payment_id or next")
        return self


class ReceiptAnomalyView(Body):
    """A requested anomaly. Without `payment_id` it applies to the next payment that it fits."""

    anomaly_id: str
    kind: ReceiptAnomaly
    asked_at: InstantOfTime
    payment_id: str | None
    struck_at: datetime | None


class ReceiptAnomaliesAnswer(Body):
    anomalies: tuple[ReceiptAnomalyView, ...]


class ReceiptAnomalyKindView(Body):
    """A kind of anomaly that can be requested."""

    kind: ReceiptAnomaly
    story: str
