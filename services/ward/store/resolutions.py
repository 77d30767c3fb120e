"""差異の処理: decisions about settlements that do not agree."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.store.inserts import add_rows
from services.ward.store.rows import StoredResolution, columns

_r = tables.resolutions.c
_OF_STATEMENT = (
    select(*columns(tables.resolutions, StoredResolution))
    .where(_r.statement_id == bindparam("statement"))
    .order_by(_r.decided_at, _r.resolution_id)
)


async def of_statement(session: AsyncConnection, statement_id: str) -> Sequence[StoredResolution]:
    """Decisions about a statement, the earliest first."""
    return await read_as(session, StoredResolution, _OF_STATEMENT, {"statement": statement_id})


async def add(session: AsyncConnection, decision: StoredResolution) -> None:
    """Raises `IntegrityError` for an id that is known."""
    await add_rows(session, tables.resolutions, [decision])
