"""The premium ledger (介護システム), and what contradicts itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ward.domain.ledger import Entry
from services.ward.domain.receipts import Discrepancy
from services.ward.store.rows import add_missing_rows, add_rows
from services.ward.tables import discrepancies, transfers


async def book(session: AsyncConnection, entries: Iterable[Entry], at: datetime) -> None:
    """Book transfers. Raises `IntegrityError` where the same source was booked before."""
    rows = [
        {**t._asdict(), "source": entry.source, "entry": n, "booked_on": entry.booked_on, "booked_at": at}
        for entry in entries
        for n, t in enumerate(entry.transfers, 1)
    ]
    await add_rows(session, transfers, rows)


async def add_discrepancies(session: AsyncConnection, found: Iterable[Discrepancy], at: datetime) -> None:
    """Keep what contradicts itself; one that is known stays as it is."""
    await add_missing_rows(session, discrepancies, [{**d._asdict(), "at": at} for d in found])
