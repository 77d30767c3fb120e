"""What became of payments: their records, and the statements that list them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.explanation import Listed
from services.ward.queries.statements import with_reasons
from services.ward.store import statements
from services.ward.store.rows import StoredDeposit, StoredReceipt, StoredResolution, columns

_r, _line, _d, _decision = (
    tables.receipts.c,
    tables.statement_lines.c,
    tables.deposits.c,
    tables.resolutions.c,
)


async def records(session: AsyncConnection, payment_ids: Collection[str]) -> Sequence[StoredReceipt]:
    """The records of these payments, in the order of their kinds."""
    query = select(*columns(tables.receipts, StoredReceipt)).where(_r.payment_id.in_(payment_ids))
    return await read_as(session, StoredReceipt, query.order_by(_r.kind))


async def statements_listing(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, list[Listed]]:
    """Payment id → the statements that list it, in the order of their closings."""
    lines = select(_line.payment_id, _line.statement_id).where(_line.payment_id.in_(payment_ids))
    listing: defaultdict[str, list[str]] = defaultdict(list)
    for payment_id, statement_id in (await session.execute(lines)).all():
        listing[statement_id].append(payment_id)
    seen = await _deposits(session, listing)
    decided = await _decisions(session, listing)
    found = await statements.find(session, listing)
    result: defaultdict[str, list[Listed]] = defaultdict(list)
    for statement, reasons in await with_reasons(session, found.values()):
        i = statement.statement_id
        for payment_id in listing[i]:
            about_it = [d for d in decided[i] if d.payment_id in (None, payment_id)]
            result[payment_id].append(Listed(statement, reasons, seen[i], about_it))
    return result


async def _deposits(session: AsyncConnection, statement_ids: Collection[str]) -> defaultdict[str, list[StoredDeposit]]:
    """Statement id → the deposits that count for it, in the order in which they were seen."""
    query = select(*columns(tables.deposits, StoredDeposit)).where(_d.counts_for.in_(statement_ids))
    found: defaultdict[str, list[StoredDeposit]] = defaultdict(list)
    for deposit in await read_as(session, StoredDeposit, query.order_by(_d.seen_at)):
        found[deposit.counts_for].append(deposit)
    return found


async def _decisions(
    session: AsyncConnection, statement_ids: Collection[str]
) -> defaultdict[str, list[StoredResolution]]:
    """Statement id → the decisions about it, the earliest first."""
    query = select(*columns(tables.resolutions, StoredResolution)).where(_decision.statement_id.in_(statement_ids))
    found: defaultdict[str, list[StoredResolution]] = defaultdict(list)
    for decision in await read_as(session, StoredResolution, query.order_by(_decision.decided_at)):
        found[decision.statement_id].append(decision)
    return found
