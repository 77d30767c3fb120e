"""Rows inserted in bulk, by a statement compiled once a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk


async def add_rows(session: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raises `IntegrityError` where one of them is there already."""
    await _insert(table).execute(session, rows)


async def add_missing_rows(session: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """One that is there already stays as it is."""
    await _insert(table, only_missing=True).execute(session, rows)


@cache
def _insert(table: Table, *, only_missing: bool = False) -> Bulk:
    return Bulk(table.insert(), only_missing=only_missing)
