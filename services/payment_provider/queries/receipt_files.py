"""Receipt files (収納データファイル) that can be fetched, and the requests of terminals (接続記録)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.payment_provider.receipt_files import RecordedAccess
from services.chassis.database.reading import read_as
from services.payment_provider.domain.receipt_files import ReceiptFile
from services.payment_provider.store.receipt_files import Part
from services.payment_provider.tables import receipt_file_parts, receipt_files, terminal_accesses

_FILES = select(*(receipt_files.c[name] for name in ReceiptFile._fields))


async def listed(
    session: AsyncConnection, first: date | None, last: date | None, now: datetime
) -> Sequence[ReceiptFile]:
    """Files of the days from `first` to `last` whose retention has not ended at `now`: by day, then by number."""
    files = receipt_files.c
    query = _FILES.where(files.kept_until > now).order_by(files.day, func.length(files.name), files.name)
    if first is not None:
        query = query.where(files.day >= first)
    if last is not None:
        query = query.where(files.day <= last)
    return await read_as(session, ReceiptFile, query)


async def find(session: AsyncConnection, name: str) -> ReceiptFile | None:
    """A file by its name, whether it can still be fetched or not."""
    found = await read_as(session, ReceiptFile, _FILES.where(receipt_files.c.name == name))
    return found[0] if found else None


async def part_at(session: AsyncConnection, name: str, position: int) -> Part | None:
    """The part that holds the byte at a position (from 0); None beyond the end."""
    part = receipt_file_parts.c
    query = select(part.name, part.starts_at, part.content).where(part.name == name, part.starts_at <= position)
    found = await read_as(session, Part, query.order_by(part.starts_at.desc()).limit(1))
    return found[0] if found else None


async def accesses(session: AsyncConnection, limit: int) -> Sequence[RecordedAccess]:
    """Requests of terminals, the latest first."""
    query = select(terminal_accesses).order_by(terminal_accesses.c.number.desc()).limit(limit)
    return [RecordedAccess.model_validate(row, from_attributes=True) for row in await session.execute(query)]
