"""Receipt files that the terminal fetches, and what was done at it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.expressions import in_list, insert
from services.ward.store.rows import add_missing_rows, add_rows
from services.ward.tables import receipts, received_files, received_pages, received_records, terminal_steps

_LOCKED_FILES = (
    select(received_files).where(in_list(received_files.c.name)).order_by(received_files.c.name).with_for_update()
)
_COUNTED = (
    select(
        received_pages.c.name,
        func.sum(received_pages.c.records).label("records"),
        func.sum(received_pages.c.new_records).label("new"),
        func.sum(received_pages.c.amount).label("amount"),
    )
    .group_by(received_pages.c.name)
    .subquery()
)


async def lock_received_files(session: AsyncConnection, names: Collection[str]) -> dict[str, Any]:
    """Name → a file's row, locked in order of name; one that is unknown is missing."""
    found = await session.execute(_LOCKED_FILES, {"ids": list(names)})
    return {row.name: row for row in found.all()}


async def line_busy_until(session: AsyncConnection) -> datetime | None:
    """When the last file will have arrived that is on the line or waits for it; None where there is none."""
    query = select(func.max(received_files.c.arrives_at)).where(received_files.c.registered_at.is_(None))
    found: datetime | None = (await session.execute(query)).scalar()
    return found


async def add_received_file(session: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Keep that a file's transfer has begun. Raises `IntegrityError` where it had before."""
    await session.execute(insert(session, received_files).values(row))


async def update_received_file(session: AsyncConnection, name: str, values: Mapping[str, Any]) -> None:
    """Change one file."""
    await session.execute(update(received_files).where(received_files.c.name == name).values(values))


async def same_content(session: AsyncConnection, sha256: str, name: str) -> Sequence[str]:
    """Names of other files with this content."""
    files = received_files.c
    query = select(files.name).where(files.sha256 == sha256, files.name != name).order_by(files.name)
    return (await session.execute(query)).scalars().all()


async def registered_pages(session: AsyncConnection, name: str) -> dict[int, Any]:
    """Number → a page's row."""
    found = await session.execute(select(received_pages).where(received_pages.c.name == name))
    return {row.page: row for row in found.all()}


async def add_received_page(session: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Keep what of a file is registered. Raises `IntegrityError` where that page was before."""
    await add_rows(session, received_pages, [row])


async def add_received_records(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep which records a file has."""
    await add_missing_rows(session, received_records, rows)


async def in_no_file(session: AsyncConnection, since: datetime, before: datetime) -> Sequence[Any]:
    """Rows (payment id, kind, amount) of the records made in this time that are registered, and in no file so far."""
    r, received = receipts.c, received_records.c
    in_a_file = exists().where(received.payment_id == r.payment_id, received.kind == r.kind).correlate(receipts)
    query = select(r.payment_id, r.kind, r.amount).where(r.delivered_at >= since, r.delivered_at < before, ~in_a_file)
    return (await session.execute(query.order_by(r.payment_id, r.kind))).all()


async def add_step(session: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Keep something that was done at the terminal."""
    await session.execute(insert(session, terminal_steps).values(row))


async def list_received_files(session: AsyncConnection, limit: int) -> Sequence[Any]:
    """Rows of the files with what is registered of them, the latest first."""
    counted = [func.coalesce(_COUNTED.c[name], 0).label(name) for name in ("records", "new", "amount")]
    query = (
        select(received_files, *counted)
        .outerjoin(_COUNTED, _COUNTED.c.name == received_files.c.name)
        .order_by(received_files.c.begun_at.desc(), received_files.c.name.desc())
        .limit(limit)
    )
    return (await session.execute(query)).all()


async def list_steps(session: AsyncConnection, limit: int) -> Sequence[Any]:
    """Rows of the steps, the latest first."""
    query = select(terminal_steps).order_by(terminal_steps.c.number.desc()).limit(limit)
    return (await session.execute(query)).all()
