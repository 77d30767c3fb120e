"""Receipt records (収納データ)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.calendar import end_of_month
from contracts.events import ReceiptDelivered
from contracts.vocabulary import ReceiptKind, Settler
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.receipts import Receipt
from services.ward.store.rows import StoredReceipt, columns

_r = tables.receipts.c
_INSERT = Bulk(tables.receipts.insert())
_DELIVERED: Final = (
    "payment_id",
    "kind",
    "slip_number",
    "amount",
    "method",
    "settler",
    "paid_at",
    "received_on",
    "delivered_at",
)
"""What the record itself says."""
_values = attrgetter(*_DELIVERED)
_RECORDS = Lookup(
    select(_r.payment_id, _r.kind, _r.slip_number, _r.slip_known, _r.amount, _r.settler).where(in_list(_r.payment_id))
)


async def records_of(
    session: AsyncConnection, payment_ids: Collection[str]
) -> defaultdict[str, dict[ReceiptKind, Receipt]]:
    """Payment id → the records registered of it; empty for one that is unknown."""
    known: defaultdict[str, dict[ReceiptKind, Receipt]] = defaultdict(dict)
    for payment_id, *record in await _RECORDS.rows(session, ids=list(payment_ids)):
        receipt = Receipt(*record)
        known[payment_id][receipt.kind] = receipt
    return known


async def add(
    session: AsyncConnection, new: Sequence[ReceiptDelivered], slips_known: Sequence[bool], at: datetime
) -> None:
    """Insert records, each with whether its slip is known. Raises `IntegrityError` for one that is registered."""
    if new:
        delivered = dict(zip(_DELIVERED, zip(*map(_values, new), strict=True), strict=True))
        further = {"slip_known": slips_known, "registered_at": [at] * len(new)}
        await _INSERT.execute_columns(session, {**delivered, **further})


async def unlisted(session: AsyncConnection, settler: Settler, month: date) -> Sequence[StoredReceipt]:
    """The standing receipts of a month that no statement lists, by payment id."""
    query = standing(*columns(tables.receipts, StoredReceipt)).where(
        _r.settler == settler,
        _r.received_on.between(month, end_of_month(month.year, month.month)),
        ~is_listed(),
    )
    return await read_as(session, StoredReceipt, query.order_by(_r.payment_id))


# ---- parts of queries ---------------------------------------------------------------------------------------


def standing(*selected: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    """The record that counts of each payment whose receipt stands: 速報, or 確報 if no 速報 came."""
    counts = (_r.kind == ReceiptKind.PRELIMINARY) | (
        (_r.kind == ReceiptKind.CONFIRMED) & ~is_registered(ReceiptKind.PRELIMINARY)
    )
    return select(*selected).select_from(tables.receipts).where(counts, ~is_registered(ReceiptKind.CANCELLED))


def is_registered(kind: ReceiptKind) -> ColumnElement[bool]:
    """Whether a record of this kind is registered of the receipt's payment."""
    record = tables.receipts.alias()
    return exists().where(record.c.payment_id == _r.payment_id, record.c.kind == kind).correlate(tables.receipts)


def is_listed() -> ColumnElement[bool]:
    """Whether any statement lists the receipt's payment."""
    return exists().where(tables.statement_lines.c.payment_id == _r.payment_id).correlate(tables.receipts)


def visible_at() -> ColumnElement[datetime]:
    """判明: when the first record of the receipt's payment was registered."""
    record = tables.receipts.alias()
    first = select(func.min(record.c.registered_at)).where(
        record.c.payment_id == _r.payment_id, record.c.kind != ReceiptKind.CANCELLED
    )
    return first.correlate(tables.receipts).scalar_subquery()
