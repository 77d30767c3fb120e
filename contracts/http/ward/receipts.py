"""甲: what is registered of a payment."""

from __future__ import annotations

from datetime import date, datetime

from contracts.http.bodies import Body
from contracts.vocabulary import ReceiptKind, Settler


class RecordView(Body):
    """One receipt record as registered."""

    kind: ReceiptKind
    amount: int
    received_on: date
    delivered_at: datetime
    registered_at: datetime


class ReceiptView(Body):
    """What the ward has registered of one payment. `stands` is False once it was cancelled."""

    payment_id: str
    slip_number: str
    slip_known: bool
    amount: int
    settler: Settler
    stands: bool
    confirmed: bool
    records: tuple[RecordView, ...]
