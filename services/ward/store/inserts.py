"""Inserts of whole rows, by a statement compiled once for each table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk, Row


async def add_rows(session: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Raises `IntegrityError` if one of them is there already."""
    await _insert(table).insert(session, rows)


async def add_missing_rows(session: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """A row that is there already stays as it is."""
    await _insert(table, only_missing=True).insert(session, rows)


@cache
def _insert(table: Table, *, only_missing: bool = False) -> Bulk:
    return Bulk(table.insert(), only_missing=only_missing)
