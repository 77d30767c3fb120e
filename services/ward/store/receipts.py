"""Receipt records (収納データ)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import ReceiptKind
from services.chassis.database import among
from services.ward.domain.receipts import Receipt
from services.ward.store.rows import add_rows
from services.ward.tables import receipts

_RECORDS = select(
    receipts.c.payment_id,
    receipts.c.kind,
    receipts.c.slip_number,
    receipts.c.slip_known,
    receipts.c.amount,
    receipts.c.settler,
).where(among(receipts.c.payment_id))


async def records_of(
    session: AsyncConnection, payment_ids: Collection[str]
) -> defaultdict[str, dict[ReceiptKind, Receipt]]:
    """Payment id → the records registered of it; empty for one that is unknown."""
    known: defaultdict[str, dict[ReceiptKind, Receipt]] = defaultdict(dict)
    for row in (await session.execute(_RECORDS, {"ids": list(payment_ids)})).all():
        known[row[0]][row[1]] = Receipt(*row[1:])
    return known


async def add_receipts(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new records."""
    await add_rows(session, receipts, rows)
