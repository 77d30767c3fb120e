"""Closing periods."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.card_agent.domain.settlement import Closing
from services.card_agent.tables import closings
from services.chassis.database.expressions import in_list, insert
from services.chassis.database.lookup import Lookup

CLOSINGS = select(*(closings.c[field.name] for field in fields(Closing))).order_by(closings.c.closed_on)
_OF_DAYS = CLOSINGS.where(in_list(closings.c.closed_on, "days"))
_FOUND, _LOCKED = Lookup(_OF_DAYS, Closing), Lookup(_OF_DAYS.with_for_update(), Closing)
_LOCKED_STATEMENTS = Lookup(CLOSINGS.where(in_list(closings.c.statement_id)).with_for_update(), Closing)


async def add(session: AsyncConnection, closing: Closing) -> bool:
    """Open a closing; False if another transaction has opened it meanwhile."""
    statement = insert(session, closings).values(asdict(closing)).on_conflict_do_nothing()
    made = await session.execute(statement.returning(closings.c.closed_on))
    return made.one_or_none() is not None


async def find(session: AsyncConnection, days: Collection[date]) -> dict[date, Closing]:
    """Closings by closing day, without a lock."""
    return await _by_day(session, _FOUND, days=list(days))


async def lock(session: AsyncConnection, days: Collection[date]) -> dict[date, Closing]:
    """Closings by closing day, locked."""
    return await _by_day(session, _LOCKED, days=list(days))


async def lock_due(session: AsyncConnection, statement_ids: Sequence[str]) -> Sequence[Closing]:
    """The closings of statements in the order of these, locked. Raises `LookupError` for an unknown one."""
    found = await lock_of_statements(session, statement_ids)
    if unknown := set(statement_ids) - found.keys():
        raise LookupError(f"there is no closing for statement {', '.join(sorted(unknown))}")
    return [found[statement_id] for statement_id in statement_ids]


async def lock_of_statements(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Closing]:
    """Closings by statement id, locked; unknown ids are missing."""
    found = await _by_day(session, _LOCKED_STATEMENTS, ids=list(statement_ids))
    return {closing.statement_id: closing for closing in found.values()}


async def save(session: AsyncConnection, closing: Closing) -> None:
    await session.execute(update(closings).where(closings.c.closed_on == closing.closed_on).values(asdict(closing)))


async def _by_day(session: AsyncConnection, query: Lookup[Closing], **bound: Any) -> dict[date, Closing]:
    return {closing.closed_on: closing for closing in await query.rows(session, **bound)}
