"""What became of payments: their records, the statements that list them, and those that lapsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ward import store
from services.ward.explanation import Listed
from services.ward.queries.statements import with_reasons
from services.ward.tables import deposits, lapses, receipts, resolutions, statement_lines


async def records(session: AsyncConnection, payment_ids: Collection[str]) -> Sequence[Any]:
    """Rows of the records of these payments, in the order of their kinds."""
    query = select(receipts).where(receipts.c.payment_id.in_(payment_ids)).order_by(receipts.c.kind)
    return (await session.execute(query)).all()


async def lapses_of(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, Any]:
    """Payment id → the row of how it ceased to count, restored or not."""
    query = select(lapses).where(lapses.c.payment_id.in_(payment_ids))
    return {row.payment_id: row for row in (await session.execute(query)).all()}


async def statements_listing(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, list[Listed]]:
    """Payment id → the statements that list it, in the order of their closings."""
    line = statement_lines.c
    lines = select(line.payment_id, line.statement_id).where(line.payment_id.in_(payment_ids))
    listing: defaultdict[str, list[str]] = defaultdict(list)
    for payment_id, statement_id in (await session.execute(lines)).all():
        listing[statement_id].append(payment_id)
    query = select(deposits).where(deposits.c.counts_for.in_(listing)).order_by(deposits.c.seen_at)
    seen: defaultdict[str, list[Any]] = defaultdict(list)
    for row in (await session.execute(query)).all():
        seen[row.counts_for].append(row)
    decided: defaultdict[str, list[Any]] = defaultdict(list)
    about = select(resolutions).where(resolutions.c.statement_id.in_(listing)).order_by(resolutions.c.decided_at)
    for row in (await session.execute(about)).all():
        decided[row.statement_id].append(row)
    chosen = await store.find_statements(session, listing)
    result: defaultdict[str, list[Listed]] = defaultdict(list)
    for statement, reasons in await with_reasons(session, chosen.values()):
        for payment_id in listing[statement.statement_id]:
            i = statement.statement_id
            about_it = [row for row in decided[i] if row.payment_id in (None, payment_id)]
            result[payment_id].append(Listed(statement, reasons, seen[i], about_it))
    return result
