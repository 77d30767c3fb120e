"""甲: the registered receipt records of a payment."""

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
    """The receipt records that the ward has registered for one payment. `stands` is false after a cancellation."""

    payment_id: str
    slip_number: str
    slip_known: bool
    amount: int
    settler: Settler
    stands: bool
    confirmed: bool
    records: tuple[RecordView, ...]
