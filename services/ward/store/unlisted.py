"""Receipts that no statement lists, and the months that are watched for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.calendar import end_of_month
from contracts.vocabulary import Settler
from services.chassis.database.expressions import in_list
from services.ward.store.deeming import standing
from services.ward.store.rows import add_missing_rows
from services.ward.tables import receipts, statement_lines, statements, watched_months

_WATCHED = select(watched_months).where(in_list(watched_months.c.month, "months"))


async def months_on_record(
    session: AsyncConnection, months: Collection[tuple[Settler, date]]
) -> set[tuple[Settler, date]]:
    """Those of these months of receipts, by settler, whose timer is set."""
    found = await session.execute(_WATCHED, {"months": sorted({month for _, month in months})})
    return {(row.settler, row.month) for row in found.all()} & set(months)


async def watch_months(session: AsyncConnection, months: Collection[tuple[Settler, date]]) -> None:
    """Keep that their timers are set."""
    rows = [{"settler": settler, "month": month} for settler, month in months]
    await add_missing_rows(session, watched_months, rows)


async def unlisted_receipts(session: AsyncConnection, settler: Settler, month: date) -> Sequence[Any]:
    """Rows of the standing receipts of a month that no statement lists, by payment id."""
    listed = exists().where(statement_lines.c.payment_id == receipts.c.payment_id)
    last = end_of_month(month.year, month.month)
    query = (
        standing()
        .where(receipts.c.settler == settler, receipts.c.received_on.between(month, last), ~listed)
        .order_by(receipts.c.payment_id)
    )
    return (await session.execute(query)).all()


async def left_out_receipts(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows of standing receipts that their settler's statement leaves out, each with the day of its closing.

    A statement leaves out a receipt of its closing day or earlier that neither it nor another one lists.
    """
    listed = exists().where(statement_lines.c.payment_id == receipts.c.payment_id)
    closed = (
        select(func.min(statements.c.closed_on))
        .where(statements.c.settler == receipts.c.settler, statements.c.closed_on >= receipts.c.received_on)
        .scalar_subquery()
    )
    query = standing(closed.label("left_out_of")).where(~listed, closed.is_not(None))
    return (await session.execute(query.order_by(receipts.c.received_on, receipts.c.payment_id).limit(limit))).all()
