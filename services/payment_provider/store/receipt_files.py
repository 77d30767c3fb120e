"""Receipt files (収納データファイル) and their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import insert
from services.chassis.database.lookup import Lookup
from services.payment_provider.domain.receipt_files import FiledRecord, ReceiptFile
from services.payment_provider.tables import payments, receipt_file_parts, receipt_files, receipts

_ADD_PARTS = Bulk(receipt_file_parts.insert())
_FIRST_UNFILED = select(func.min(receipts.c.delivered_at)).where(receipts.c.file_name.is_(None))
_LAST_FILED = select(func.max(receipt_files.c.day))
_RECORDS = Lookup(
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
    ),
    FiledRecord,
)


class Part(NamedTuple):
    """Some of a file's bytes, from position `starts_at` (from 0)."""

    name: str
    starts_at: int
    content: bytes


async def first_unfiled(session: AsyncConnection) -> datetime | None:
    """When the earliest record was delivered that is in no file."""
    found: datetime | None = (await session.execute(_FIRST_UNFILED)).scalar()
    return found


async def last_filed(session: AsyncConnection) -> date | None:
    """The latest day that has a file."""
    found: date | None = (await session.execute(_LAST_FILED)).scalar()
    return found


async def count_of_day(session: AsyncConnection, day: date) -> int:
    """How many files a day has."""
    query = select(func.count()).select_from(receipt_files).where(receipt_files.c.day == day)
    return int((await session.execute(query)).scalar_one())


async def add(session: AsyncConnection, file: ReceiptFile) -> bool:
    """Insert a file; False if another transaction has made it meanwhile."""
    statement = insert(session, receipt_files).values(file._asdict()).on_conflict_do_nothing()
    return (await session.execute(statement.returning(receipt_files.c.name))).one_or_none() is not None


async def fill(session: AsyncConnection, name: str, before: datetime) -> Sequence[FiledRecord]:
    """Put every record delivered before an instant that is in no file into this one. Returns them in its order."""
    unfiled = receipts.c.file_name.is_(None), receipts.c.delivered_at < before
    await session.execute(update(receipts).where(*unfiled).values(file_name=name))
    return await _RECORDS.rows(session, name=name)


async def add_parts(session: AsyncConnection, parts: Sequence[Part]) -> None:
    await _ADD_PARTS.insert(session, parts)


async def save(session: AsyncConnection, file: ReceiptFile) -> None:
    await session.execute(update(receipt_files).where(receipt_files.c.name == file.name).values(file._asdict()))


async def erase_expired(session: AsyncConnection, now: datetime) -> None:
    """Delete the bytes of files whose retention has ended; the files' rows stay."""
    expired = receipt_files.c.kept_until <= now, receipt_files.c.erased_at.is_(None)
    names = select(receipt_files.c.name).where(*expired)
    await session.execute(delete(receipt_file_parts).where(receipt_file_parts.c.name.in_(names)))
    await session.execute(update(receipt_files).where(*expired).values(erased_at=now))
