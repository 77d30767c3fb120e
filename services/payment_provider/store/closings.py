"""Closings of the bank network."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Settler
from services.chassis.database import among, insert
from services.payment_provider.tables import bank_closings, payments

_CLOSINGS = select(bank_closings).order_by(bank_closings.c.closed_on)
_CLOSINGS_OF_DAYS = _CLOSINGS.where(among(bank_closings.c.closed_on, "days"))
_HELD_CLOSINGS_OF_DAYS = _CLOSINGS_OF_DAYS.with_for_update(read=True)
_LOCKED_CLOSINGS = _CLOSINGS.where(among(bank_closings.c.statement_id)).with_for_update()


async def add_bank_closing(session: AsyncConnection, row: Mapping[str, Any]) -> bool:
    """Open a closing; False where another transaction has opened it by now."""
    statement = insert(session, bank_closings).values(row).on_conflict_do_nothing()
    made = await session.execute(statement.returning(bank_closings.c.closed_on))
    return made.one_or_none() is not None


async def find_bank_closings(session: AsyncConnection, days: Collection[date]) -> dict[date, Any]:
    """Rows of the closings of these days, to look at."""
    return await _closings_of(session, _CLOSINGS_OF_DAYS, days)


async def hold_bank_closings(session: AsyncConnection, days: Collection[date]) -> dict[date, Any]:
    """Rows of the closings of these days: one that is not totalled by now is not before this transaction ends."""
    return await _closings_of(session, _HELD_CLOSINGS_OF_DAYS, days)


async def _closings_of(session: AsyncConnection, query: Any, days: Collection[date]) -> dict[date, Any]:
    found = await session.execute(query, {"days": list(days)})
    return {row.closed_on: row for row in found.all()}


async def lock_bank_closings(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Any]:
    """Statement id → its closing's row, locked; one that is unknown is missing from the answer."""
    found = await session.execute(_LOCKED_CLOSINGS, {"ids": list(statement_ids)})
    return {row.statement_id: row for row in found.all()}


async def bank_payments_closing(session: AsyncConnection, closed_on: date) -> Sequence[tuple[str, int]]:
    """(payment id, amount) of the bank payments that count for a closing and stand."""
    query = (
        select(payments.c.payment_id, payments.c.amount)
        .where(payments.c.settler == Settler.BANK, payments.c.closes_on == closed_on)
        .where(payments.c.status.in_(("paid", "confirmed")))
        .order_by(payments.c.payment_id)
    )
    return [(row.payment_id, row.amount) for row in (await session.execute(query)).all()]


async def update_bank_closing(session: AsyncConnection, statement_id: str, values: Mapping[str, Any]) -> None:
    """Change one closing."""
    query = update(bank_closings).where(bank_closings.c.statement_id == statement_id).values(values)
    await session.execute(query)
