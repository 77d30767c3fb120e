"""Closing statements with what is open in them, the deposits, and what was decided about both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ward import store
from services.ward.domain.reconciliation import NO_LINES, Open, open_reasons
from services.ward.domain.settlement import Statement
from services.ward.tables import deposits, resolutions, statements


async def unreconciled(session: AsyncConnection) -> Sequence[tuple[Statement, Sequence[Open]]]:
    """Statements that are not reconciled, each with every reason, in the order of their closings."""
    chosen = await store.unreconciled_statements(session)
    return await with_reasons(session, chosen.values())


async def with_reasons(
    session: AsyncConnection, found: Iterable[Statement]
) -> Sequence[tuple[Statement, Sequence[Open]]]:
    ordered = sorted(found, key=lambda s: (s.closed_on, s.statement_id))
    unsettled = [s.statement_id for s in ordered if s.reconciled_at is None]
    lines = await store.lines_of(session, unsettled) if unsettled else {}
    return [(s, [] if s.reconciled_at else open_reasons(s, lines.get(s.statement_id, NO_LINES))) for s in ordered]


async def deposits_seen(session: AsyncConnection) -> Sequence[Any]:
    """Rows of deposits, each with its statement's reconciliation, in the order of their dates."""
    query = (
        select(deposits, statements.c.reconciled_at)
        .outerjoin(statements, statements.c.statement_id == deposits.c.counts_for)
        .order_by(deposits.c.deposited_on, deposits.c.deposit_id)
    )
    return (await session.execute(query)).all()


async def decisions(session: AsyncConnection, statement_id: str | None, limit: int | None) -> Sequence[Any]:
    """Rows of decisions, the first first."""
    query = select(resolutions).order_by(resolutions.c.decided_at, resolutions.c.resolution_id)
    if statement_id is not None:
        query = query.where(resolutions.c.statement_id == statement_id)
    return (await session.execute(query.limit(limit))).all()
