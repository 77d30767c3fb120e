"""Receipt files (収納データファイル), their bytes, and who asked for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import insert
from services.payment_provider.tables import (
    payments,
    receipt_file_parts,
    receipt_files,
    receipts,
    terminal_accesses,
)

_ADD_PARTS = Bulk(receipt_file_parts.insert())
_FIRST_UNFILED = select(func.min(receipts.c.delivered_at)).where(receipts.c.file_name.is_(None))
_LAST_FILED = select(func.max(receipt_files.c.day))
_IN_FILE = (
    select(
        receipts.c.payment_id,
        receipts.c.kind,
        receipts.c.amount,
        receipts.c.received_on,
        receipts.c.delivered_at,
        payments.c.barcode,
        payments.c.method,
        payments.c.settler,
        payments.c.paid_at,
        payments.c.deposit_on,
    )
    .join(payments, payments.c.payment_id == receipts.c.payment_id)
    .where(receipts.c.file_name == bindparam("name"))
    .order_by(
        func.substr(payments.c.slip_number, 1, 5),
        receipts.c.delivered_at,
        receipts.c.payment_id,
        receipts.c.kind,
        receipts.c.amount,
    )
)


async def first_unfiled(session: AsyncConnection) -> datetime | None:
    """When the earliest record was made that is in no file."""
    found: datetime | None = (await session.execute(_FIRST_UNFILED)).scalar()
    return found


async def last_filed(session: AsyncConnection) -> date | None:
    """The latest day that has a file."""
    found: date | None = (await session.execute(_LAST_FILED)).scalar()
    return found


async def files_of_day(session: AsyncConnection, day: date) -> int:
    """How many files a day has."""
    query = select(func.count()).select_from(receipt_files).where(receipt_files.c.day == day)
    return int((await session.execute(query)).scalar_one())


async def add_receipt_file(session: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Keep that a file is made; False where another transaction made it by now."""
    statement = insert(session, receipt_files).values(row).on_conflict_do_nothing()
    return (await session.execute(statement.returning(receipt_files.c.name))).one_or_none() is not None


async def put_into_file(session: AsyncConnection, name: str, before: datetime) -> None:
    """Every record made before an instant that is in no file is in this one from now on."""
    unfiled = receipts.c.file_name.is_(None), receipts.c.delivered_at < before
    await session.execute(update(receipts).where(*unfiled).values(file_name=name))


async def records_in_file(session: AsyncConnection, name: str) -> Sequence[Any]:
    """Rows of a file's records with what their payments say, in the file's order."""
    return (await session.execute(_IN_FILE, {"name": name})).all()


async def add_parts(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep a file's bytes."""
    await _ADD_PARTS.execute(session, rows)


async def update_receipt_file(session: AsyncConnection, name: str, values: Mapping[str, Any]) -> None:
    """Change one file."""
    await session.execute(update(receipt_files).where(receipt_files.c.name == name).values(values))


async def erase_files(session: AsyncConnection, now: datetime) -> None:
    """Erase the content of files that are no longer kept; that there were such files stays."""
    over = receipt_files.c.kept_until <= now, receipt_files.c.erased_at.is_(None)
    names = select(receipt_files.c.name).where(*over)
    await session.execute(delete(receipt_file_parts).where(receipt_file_parts.c.name.in_(names)))
    await session.execute(update(receipt_files).where(*over).values(erased_at=now))


async def list_receipt_files(
    session: AsyncConnection, first: date | None, last: date | None, now: datetime
) -> Sequence[Any]:
    """Rows of the files that are kept at `now`, of the days from `first` to `last`, in their order."""
    files = receipt_files.c
    query = select(receipt_files).where(files.kept_until > now).order_by(files.day, func.length(files.name), files.name)
    if first is not None:
        query = query.where(files.day >= first)
    if last is not None:
        query = query.where(files.day <= last)
    return (await session.execute(query)).all()


async def find_receipt_file(session: AsyncConnection, name: str) -> Any | None:
    """The row of a file."""
    return (await session.execute(select(receipt_files).where(receipt_files.c.name == name))).one_or_none()


async def part_at(session: AsyncConnection, name: str, position: int) -> Any | None:
    """The row of the part that holds the byte at a position (from 0); None beyond the end."""
    part = receipt_file_parts.c
    query = select(receipt_file_parts).where(part.name == name, part.starts_at <= position)
    return (await session.execute(query.order_by(part.starts_at.desc()).limit(1))).one_or_none()


async def add_access(session: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Keep who asked for what."""
    await session.execute(insert(session, terminal_accesses).values(row))


async def list_accesses(session: AsyncConnection, limit: int) -> Sequence[Any]:
    """Rows of the accesses, the latest first."""
    query = select(terminal_accesses).order_by(terminal_accesses.c.number.desc()).limit(limit)
    return (await session.execute(query)).all()
