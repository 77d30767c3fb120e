"""Closing periods."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.card_agent.tables import closings
from services.chassis.database.expressions import in_list, insert
from services.chassis.database.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing period: open until `issued_at`; deposited, as far as its agent knows, since `deposited_on`."""

    closed_on: date
    statement_id: str
    deposit_on: date
    count: int = 0
    amount: int = 0
    fee: int = 0
    issued_at: datetime | None = None
    deposited_on: date | None = None


_FIELDS = [field.name for field in fields(Closing)]
_CLOSINGS = select(*(closings.c[name] for name in _FIELDS)).order_by(closings.c.closed_on)
_OF_DAYS = _CLOSINGS.where(in_list(closings.c.closed_on, "days"))
_ALL, _FOUND = Lookup(_CLOSINGS, Closing), Lookup(_OF_DAYS, Closing)
_LOCKED = Lookup(_OF_DAYS.with_for_update(), Closing)
_LOCKED_STATEMENTS = Lookup(_CLOSINGS.where(in_list(closings.c.statement_id)).with_for_update(), Closing)


async def add_closing(session: AsyncConnection, closing: Closing) -> bool:
    """Open a closing; False where another transaction has opened it by now."""
    statement = insert(session, closings).values(asdict(closing)).on_conflict_do_nothing()
    made = await session.execute(statement.returning(closings.c.closed_on))
    return made.one_or_none() is not None


async def lock_closings(session: AsyncConnection, days: Collection[date]) -> dict[date, Closing]:
    """Closings by closing day, locked."""
    return await _closings(session, _LOCKED, days=list(days))


async def lock_statement(session: AsyncConnection, statement_id: str) -> Closing:
    """The closing of a statement, locked. Raises `LookupError` where there is none."""
    found = await lock_statements(session, [statement_id])
    if not found:
        raise LookupError(f"there is no closing for statement {statement_id}")
    return found[statement_id]


async def lock_statements(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Closing]:
    """The closings of statements, locked, by statement id; one that is unknown is missing from the answer."""
    found = await _closings(session, _LOCKED_STATEMENTS, ids=list(statement_ids))
    return {closing.statement_id: closing for closing in found.values()}


async def find_closings(session: AsyncConnection, days: Collection[date]) -> dict[date, Closing]:
    """Closings by closing day, to look at."""
    return await _closings(session, _FOUND, days=list(days))


async def all_closings(session: AsyncConnection) -> Sequence[Closing]:
    """Every closing, the first first."""
    return list((await _closings(session, _ALL)).values())


async def save_closing(session: AsyncConnection, closing: Closing) -> None:
    """Write a closing back."""
    query = update(closings).where(closings.c.closed_on == closing.closed_on).values(asdict(closing))
    await session.execute(query)


async def _closings(session: AsyncConnection, query: Lookup[Closing], **bound: Any) -> dict[date, Closing]:
    return {closing.closed_on: closing for closing in await query.rows(session, **bound)}
