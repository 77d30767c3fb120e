"""収納データファイル: receipt files that the terminal fetches, and how much of each is registered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import ReceiptKind
from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.store.inserts import add_missing_rows, add_rows
from services.ward.store.rows import FileRecordKey, StoredFile, StoredFilePage, columns

_f = tables.received_files.c
_LOCKED = (
    select(*columns(tables.received_files, StoredFile)).where(in_list(_f.name)).order_by(_f.name).with_for_update()
)


class UnfiledRecord(NamedTuple):
    """A receipt record that is registered and in no file."""

    payment_id: str
    kind: ReceiptKind
    amount: int


async def lock(session: AsyncConnection, names: Collection[str]) -> dict[str, StoredFile]:
    """Files by name, locked in that order; one that is unknown is missing."""
    found = await read_as(session, StoredFile, _LOCKED, {"ids": list(names)})
    return {file.name: file for file in found}


async def line_busy_until(session: AsyncConnection) -> datetime | None:
    """When the last file that is on the line, or waits for it, will have arrived; None if there is none."""
    query = select(func.max(_f.arrives_at)).where(_f.registered_at.is_(None))
    found: datetime | None = (await session.execute(query)).scalar()
    return found


async def add(session: AsyncConnection, file: StoredFile) -> None:
    """Record that a file's transfer has begun. Raises `IntegrityError` if it had before."""
    await add_rows(session, tables.received_files, [file])


async def replace(session: AsyncConnection, file: StoredFile) -> None:
    """Overwrite a file's whole row."""
    query = update(tables.received_files).where(_f.name == file.name)
    await session.execute(query.values(file._asdict()))


async def save_registered(session: AsyncConnection, name: str, at: datetime) -> None:
    """Record that all of a file is registered."""
    await session.execute(update(tables.received_files).where(_f.name == name).values(registered_at=at))


async def same_content(session: AsyncConnection, sha256: str, name: str) -> Sequence[str]:
    """Names of other files with this content."""
    query = select(_f.name).where(_f.sha256 == sha256, _f.name != name).order_by(_f.name)
    return (await session.execute(query)).scalars().all()


async def pages_of(session: AsyncConnection, name: str) -> dict[int, StoredFilePage]:
    """A file's registered pages by number."""
    query = select(*columns(tables.received_pages, StoredFilePage)).where(tables.received_pages.c.name == name)
    return {page.page: page for page in await read_as(session, StoredFilePage, query)}


async def add_page(session: AsyncConnection, page: StoredFilePage) -> None:
    """Raises `IntegrityError` for a page that is registered."""
    await add_rows(session, tables.received_pages, [page])


async def add_records(session: AsyncConnection, keys: Sequence[FileRecordKey]) -> None:
    """Record which receipt records a file has."""
    await add_missing_rows(session, tables.received_records, keys)


async def in_no_file(session: AsyncConnection, since: datetime, before: datetime) -> Sequence[UnfiledRecord]:
    """The registered records made from `since` until before `before` that are in no file so far."""
    r, received = tables.receipts.c, tables.received_records.c
    in_a_file = exists().where(received.payment_id == r.payment_id, received.kind == r.kind).correlate(tables.receipts)
    query = select(r.payment_id, r.kind, r.amount).where(r.delivered_at >= since, r.delivered_at < before, ~in_a_file)
    return await read_as(session, UnfiledRecord, query.order_by(r.payment_id, r.kind))
