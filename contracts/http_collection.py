"""HTTP bodies of the collection centre (収納センター): payments outside the app, and receipt data gone wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from contracts.http import Body, InstantOfTime, PaymentIdText
from contracts.http_bulk import MOST_AT_ONCE
from contracts.vocabulary import Method, ReceiptAnomaly

BARCODE = "91912345001044103000123450100021080200085001"


class CollectionRequest(Body):
    """収納: a slip was paid outside the app. By its barcode; or, where it has none, by its number and amount."""

    method: Literal[Method.COUNTER, Method.BANK_COUNTER, Method.DIRECT_DEBIT, Method.CONVENIENCE_STORE]
    barcode: Annotated[str | None, Field(max_length=200, examples=[BARCODE])] = None
    slip_number: Annotated[str | None, Field(max_length=40)] = None
    issuer: Annotated[str | None, Field(pattern=r"^[0-9]{6}$")] = None
    """請求書発行企業コード, with `slip_number`; the provider's first where none is said."""
    amount: Annotated[int | None, Field(gt=0)] = None
    """What was handed over, in yen; needed with `slip_number`."""
    paid_at: AwareDatetime | None = None
    """When it was paid; now where nothing is said."""

    @model_validator(mode="after")
    def _one_way_to_name_it(self) -> Self:
        if self.barcode is not None and self.slip_number is not None:
            raise ValueError("give a barcode or a slip_number, not both")
        return self


class CollectionsRequest(Body):
    collections: Annotated[tuple[CollectionRequest, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class AnomalyRequest(Body):
    """異常: let the receipt data of one payment, or of each of the `next` ones made, go wrong."""

    kind: ReceiptAnomaly
    payment_id: PaymentIdText | None = None
    next: Annotated[int | None, Field(ge=1, le=1_000)] = None

    @model_validator(mode="after")
    def _one_or_the_next(self) -> Self:
        if (self.payment_id is None) == (self.next is None):
            raise ValueError("give either payment_id or next")
        return self


class AnomalyView(Body):
    """One anomaly asked for. Without a payment it waits for the next that it fits."""

    anomaly_id: str
    kind: ReceiptAnomaly
    asked_at: InstantOfTime
    payment_id: str | None
    struck_at: datetime | None


class AnomaliesAnswer(Body):
    anomalies: tuple[AnomalyView, ...]


class AnomalyKindView(Body):
    """What one can ask for."""

    kind: ReceiptAnomaly
    story: str
