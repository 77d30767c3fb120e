"""差異の処理: decisions about settlements that do not agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ward.domain.resolution import SeenDeposit
from services.ward.store.rows import add_rows
from services.ward.tables import deposits, resolutions

_OF_STATEMENT = (
    select(resolutions)
    .where(resolutions.c.statement_id == bindparam("statement"))
    .order_by(resolutions.c.decided_at, resolutions.c.resolution_id)
)
_DEPOSIT = select(deposits).where(deposits.c.deposit_id == bindparam("deposit"))


async def resolutions_of(session: AsyncConnection, statement_id: str) -> Sequence[Any]:
    """Rows of what was decided about a statement, the first first."""
    return (await session.execute(_OF_STATEMENT, {"statement": statement_id})).all()


async def add_resolution(session: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Keep a decision."""
    await add_rows(session, resolutions, [row])


async def seen_deposit(session: AsyncConnection, deposit_id: str) -> SeenDeposit | None:
    """A deposit, to decide about."""
    row = (await session.execute(_DEPOSIT, {"deposit": deposit_id})).one_or_none()
    return None if row is None else SeenDeposit(row.deposit_id, row.counts_for, row.settler, row.amount, row.account)


async def reassign(session: AsyncConnection, deposit_id: str, statement_id: str) -> None:
    """The deposit counts for this statement from now on, and is on the ward's account."""
    query = update(deposits).where(deposits.c.deposit_id == deposit_id)
    await session.execute(query.values(counts_for=statement_id, account=""))
