"""Receipt data (収納データ) delivered."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.payment_provider.domain.reporting import DeliveredReceipt
from services.payment_provider.tables import receipts

_ADD = Bulk(receipts.insert())
_OF_PAYMENTS = Lookup(
    select(*(receipts.c[name] for name in DeliveredReceipt._fields))
    .where(in_list(receipts.c.payment_id))
    .order_by(receipts.c.kind, receipts.c.repetition),
    DeliveredReceipt,
)


async def add(session: AsyncConnection, delivered: Sequence[DeliveredReceipt]) -> None:
    await _ADD.insert(session, delivered)


async def of_payments(session: AsyncConnection, payment_ids: Collection[str]) -> Sequence[DeliveredReceipt]:
    """The records delivered for these payments, by kind."""
    return await _OF_PAYMENTS.rows(session, ids=list(payment_ids))
