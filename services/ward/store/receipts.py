"""Receipt records (収納データ)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import ReceiptDelivered
from contracts.vocabulary import ReceiptKind
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.ward.domain.receipts import Receipt
from services.ward.tables import receipts

_INSERT = Bulk(receipts.insert())
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
_RECORDS = Lookup(
    select(
        receipts.c.payment_id,
        receipts.c.kind,
        receipts.c.slip_number,
        receipts.c.slip_known,
        receipts.c.amount,
        receipts.c.settler,
    ).where(in_list(receipts.c.payment_id))
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


async def add_receipts(
    session: AsyncConnection, new: Sequence[ReceiptDelivered], slips_known: Sequence[bool], at: datetime
) -> None:
    """Keep new records, each with whether its slip is known. Raises `IntegrityError` where one is here already."""
    if new:
        delivered = dict(zip(_DELIVERED, zip(*map(attrgetter(*_DELIVERED), new), strict=True), strict=True))
        further = {"slip_known": slips_known, "registered_at": [at] * len(new)}
        await _INSERT.execute_columns(session, {**delivered, **further})


def is_registered(kind: ReceiptKind) -> Any:
    """Whether a record of this kind is registered of the receipt's payment."""
    record = receipts.alias()
    return exists().where(record.c.payment_id == receipts.c.payment_id, record.c.kind == kind)


def standing_receipts(*further: Any) -> Select[*tuple[Any, ...]]:
    """The record that counts of each payment whose receipt stands, and whether it is confirmed."""
    confirmed = is_registered(ReceiptKind.CONFIRMED).label("confirmed")
    first = (receipts.c.kind == ReceiptKind.PRELIMINARY) | (
        (receipts.c.kind == ReceiptKind.CONFIRMED) & ~is_registered(ReceiptKind.PRELIMINARY)
    )
    return select(receipts, confirmed, *further).where(first, ~is_registered(ReceiptKind.CANCELLED))


def visible_receipts() -> Select[*tuple[Any, ...]]:
    """Standing receipts, each with when the first record of its payment was registered (`visible_at`)."""
    record = receipts.alias()
    first = select(func.min(record.c.registered_at)).where(
        record.c.payment_id == receipts.c.payment_id, record.c.kind != ReceiptKind.CANCELLED
    )
    return standing_receipts(first.correlate(receipts).scalar_subquery().label("visible_at"))


async def times_until_visible(session: AsyncConnection) -> Sequence[Any]:
    """Rows (method, paid at, visible at) of the payments whose receipts stand."""
    found = visible_receipts().subquery().c
    return (await session.execute(select(found.method, found.paid_at, found.visible_at))).all()
