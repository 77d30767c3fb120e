"""The premium ledger (介護システム), and what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.ward.domain.ledger import Entry, Transfer
from services.ward.domain.receipts import Discrepancy
from services.ward.store.rows import add_missing_rows
from services.ward.tables import discrepancies, transfers

_INSERT = Bulk(transfers.insert())
_COLUMNS = (*Transfer._fields, "source", "entry", "booked_on", "booked_at")


async def book(session: AsyncConnection, entries: Iterable[Entry], at: datetime) -> None:
    """Book transfers. Raises `IntegrityError` where the same source was booked before."""
    rows = [
        (*transfer, entry.source, n, entry.booked_on, at)
        for entry in entries
        for n, transfer in enumerate(entry.transfers, 1)
    ]
    if rows:
        await _INSERT.execute_columns(session, dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True)))


async def add_discrepancies(session: AsyncConnection, found: Iterable[Discrepancy], at: datetime) -> None:
    """Keep what contradicts itself; one that is known stays as it is."""
    await add_missing_rows(session, discrepancies, [{**d._asdict(), "at": at} for d in found])
