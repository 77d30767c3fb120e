"""端末: the receipt files that it fetched, and the work done at it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.store.rows import ReceivedFile, StoredFile, StoredStep, columns

_f, _page = tables.received_files.c, tables.received_pages.c
_REGISTERED = (
    select(
        _page.name,
        func.sum(_page.records).label("records"),
        func.sum(_page.new_records).label("new"),
        func.sum(_page.amount).label("amount"),
    )
    .group_by(_page.name)
    .subquery()
)


async def files(session: AsyncConnection, limit: int) -> Sequence[ReceivedFile]:
    """The latest first."""
    sums = [func.coalesce(_REGISTERED.c[name], 0) for name in ("records", "new", "amount")]
    query = (
        select(*columns(tables.received_files, StoredFile), *sums)
        .outerjoin(_REGISTERED, _REGISTERED.c.name == _f.name)
        .order_by(_f.begun_at.desc(), _f.name.desc())
    )
    return await read_as(session, ReceivedFile, query.limit(limit))


async def steps(session: AsyncConnection, limit: int) -> Sequence[StoredStep]:
    """The latest first."""
    query = select(*columns(tables.terminal_steps, StoredStep)).order_by(tables.terminal_steps.c.number.desc())
    return await read_as(session, StoredStep, query.limit(limit))
