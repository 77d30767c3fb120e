"""不一致: records that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ward import tables
from services.ward.domain.receipts import Discrepancy
from services.ward.store.inserts import add_missing_rows
from services.ward.store.rows import StoredDiscrepancy


async def add(session: AsyncConnection, found: Iterable[Discrepancy], at: datetime) -> None:
    """Record discrepancies; one already recorded stays as it is."""
    await add_missing_rows(session, tables.discrepancies, [StoredDiscrepancy(*d, at) for d in found])
