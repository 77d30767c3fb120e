"""A record of a receipt file, as the event of the same record would say it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

from contracts.formats.receipt_record import METHOD_OF_CHANNEL, SETTLER_OF_SHOP, ReceiptRecord, payment_of
from contracts.vocabulary import Method, ReceiptKind, Refusal, Settler, on_the_clock


class FileRecord(NamedTuple):
    """A record with its payment, channel and settler."""

    payment_id: str
    kind: ReceiptKind
    slip_number: str
    barcode: str
    amount: int
    method: Method
    settler: Settler
    paid_at: datetime
    """To the minute: a file has no seconds."""
    received_on: date
    delivered_at: datetime
    """A file has the day alone: its beginning, or the time of payment if that is later."""


def understood(record: ReceiptRecord, number: int) -> FileRecord | Refusal:
    """The `number`-th record of a file, from 1; refused if the ward could not book it to the right payment."""
    wrong = _not_understood(record)
    if wrong:
        remedy = "have the collection centre (収納センター) send the file again, or agree on the code"
        return Refusal("receipt_not_understood", f"record {number}: {wrong}", remedy)
    paid_at = on_the_clock(record.paid_on, record.paid_time)
    return FileRecord(
        payment_id=payment_of(record.reference),
        kind=record.kind,
        slip_number=record.slip_number,
        barcode=record.barcode,
        amount=record.amount,
        method=METHOD_OF_CHANNEL[record.channel],
        settler=SETTLER_OF_SHOP[record.shop],
        paid_at=paid_at,
        received_on=record.accounted_on,
        delivered_at=max(paid_at, on_the_clock(record.created_on, time(0))),
    )


def _not_understood(record: ReceiptRecord) -> str:
    if not record.reference:
        return "it names no payment (its unused places are blank)"
    if record.channel not in METHOD_OF_CHANNEL:
        return f"channel {record.channel} was not agreed on"
    if record.shop not in SETTLER_OF_SHOP:
        return f"{record.shop!r} is no settler that deposits"
    if record.amount <= 0:
        return "its amount is 0 yen"
    return ""
