"""作業記録: the work done at the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.ward import tables
from services.ward.store.inserts import add_rows
from services.ward.store.rows import StoredStep


async def add(session: AsyncConnection, steps: Sequence[StoredStep]) -> None:
    """Record steps; the database numbers them."""
    await add_rows(session, tables.terminal_steps, steps)
