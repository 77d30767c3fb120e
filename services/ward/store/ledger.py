"""The premium ledger (介護システム)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.ward import tables
from services.ward.domain.ledger import Entry, Transfer

_INSERT = Bulk(tables.transfers.insert())
_COLUMNS = (*Transfer._fields, "source", "entry", "booked_on", "booked_at")


async def book(session: AsyncConnection, entries: Iterable[Entry], at: datetime) -> None:
    """Raises `IntegrityError` if a source was booked before."""
    rows = [
        (*transfer, entry.source, n, entry.booked_on, at)
        for entry in entries
        for n, transfer in enumerate(entry.transfers, 1)
    ]
    if rows:
        await _INSERT.execute_columns(session, dict(zip(_COLUMNS, zip(*rows, strict=True), strict=True)))
