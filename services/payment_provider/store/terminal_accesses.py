"""Requests of terminals (接続記録)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.payment_provider.receipt_files import TerminalAccess
from services.payment_provider.tables import terminal_accesses


async def add(session: AsyncConnection, access: TerminalAccess, at: datetime) -> None:
    await session.execute(insert(terminal_accesses).values(**access.model_dump(), at=at))


async def latest(
    session: AsyncConnection, user: str, outcomes: Collection[str], limit: int
) -> Sequence[tuple[datetime, str]]:
    """(instant, outcome) of a user's requests with these outcomes, the latest first."""
    t = terminal_accesses.c
    query = select(t.at, t.outcome).where(t.terminal_user == user, t.outcome.in_(outcomes)).order_by(t.number.desc())
    return [(at, outcome) for at, outcome in await session.execute(query.limit(limit))]
