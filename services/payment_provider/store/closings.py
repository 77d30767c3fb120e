"""Closings of the networks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Settler
from services.chassis.database.expressions import in_list, insert
from services.payment_provider.domain.payment import TAKEN
from services.payment_provider.tables import closings, payments

Period = tuple[Settler, date]
"""Whose, and its closing day (締日)."""

_CLOSINGS = select(closings).order_by(closings.c.settler, closings.c.closed_on)
_OF_PERIODS = _CLOSINGS.where(in_list(closings.c.settler, "settlers"), in_list(closings.c.closed_on, "days"))
_HELD = _OF_PERIODS.with_for_update(read=True)
_LOCKED = _CLOSINGS.where(in_list(closings.c.statement_id)).with_for_update()


async def add_closing(session: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Open a closing; False where another transaction has opened it by now."""
    statement = insert(session, closings).values(row).on_conflict_do_nothing()
    made = await session.execute(statement.returning(closings.c.statement_id))
    return made.one_or_none() is not None


async def find_closings(session: AsyncConnection, periods: Collection[Period]) -> dict[Period, Any]:
    """Rows of the closings of these periods, to look at."""
    return await _closings_of(session, _OF_PERIODS, periods)


async def hold_closings(session: AsyncConnection, periods: Collection[Period]) -> dict[Period, Any]:
    """Rows of the closings of these periods: one that is not totalled by now is not before this transaction ends.

    It may hold more than was asked for: each of the settlers on each of the days.
    """
    return await _closings_of(session, _HELD, periods)


async def _closings_of(session: AsyncConnection, query: Any, periods: Collection[Period]) -> dict[Period, Any]:
    if not periods:
        return {}
    settlers, days = (list(set(part)) for part in zip(*periods, strict=True))
    found = await session.execute(query, {"settlers": settlers, "days": days})
    return {(row.settler, row.closed_on): row for row in found.all()}


async def lock_closings(session: AsyncConnection, statement_ids: Iterable[str]) -> dict[str, Any]:
    """Statement id → its closing's row, locked; one that is unknown is missing from the answer."""
    found = await session.execute(_LOCKED, {"ids": list(statement_ids)})
    return {row.statement_id: row for row in found.all()}


async def payments_closing(session: AsyncConnection, period: Period) -> Sequence[tuple[str, int]]:
    """(payment id, amount) of the payments that count for a closing and stand."""
    settler, closed_on = period
    query = (
        select(payments.c.payment_id, payments.c.amount)
        .where(payments.c.settler == settler, payments.c.closes_on == closed_on)
        .where(payments.c.status.in_(TAKEN))
        .order_by(payments.c.payment_id)
    )
    return [(row.payment_id, row.amount) for row in (await session.execute(query)).all()]


async def update_closing(session: AsyncConnection, statement_id: str, values: Mapping[str, Any]) -> None:
    """Change one closing."""
    await session.execute(update(closings).where(closings.c.statement_id == statement_id).values(values))
