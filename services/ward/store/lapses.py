"""失効: proxy payments that ceased to count as made, and those that count again."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.lapses import Lapse
from services.ward.store.inserts import add_rows
from services.ward.store.rows import columns

_l = tables.lapses.c
_RESTORED = Bulk(
    update(tables.lapses)
    .where(_l.payment_id == bindparam("restored_payment"))
    .values(restored_at=bindparam("restored_now"), counts_from=bindparam("counts_now"))
)
_OF_PAYMENTS = select(*columns(tables.lapses, Lapse)).where(in_list(_l.payment_id))


async def of_payments(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, Lapse]:
    """Lapses by payment id, restored or not; a payment that never lapsed is missing."""
    found = await read_as(session, Lapse, _OF_PAYMENTS, {"ids": sorted(payment_ids)})
    return {lapse.payment_id: lapse for lapse in found}


async def add(session: AsyncConnection, new: Sequence[Lapse]) -> None:
    """Raises `IntegrityError` for a payment that lapsed before."""
    await add_rows(session, tables.lapses, new)


async def save(session: AsyncConnection, restored: Sequence[Lapse]) -> None:
    """Write since when payments count again."""
    rows = [
        {"restored_payment": lapse.payment_id, "restored_now": lapse.restored_at, "counts_now": lapse.counts_from}
        for lapse in restored
    ]
    await _RESTORED.execute(session, rows)
