"""入金: deposits seen on the ward's account, or known to have been paid into another."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.resolution import SeenDeposit
from services.ward.store.inserts import add_rows
from services.ward.store.rows import StoredDeposit, columns

_d = tables.deposits.c
_BY_ID = select(*columns(tables.deposits, StoredDeposit)).where(in_list(_d.deposit_id))
_ONE = select(_d.deposit_id, _d.counts_for, _d.settler, _d.amount, _d.account).where(
    _d.deposit_id == bindparam("deposit")
)


async def find(session: AsyncConnection, deposit_ids: Collection[str]) -> dict[str, StoredDeposit]:
    """Deposits by id; one that is unknown is missing."""
    found = await read_as(session, StoredDeposit, _BY_ID, {"ids": list(deposit_ids)})
    return {deposit.deposit_id: deposit for deposit in found}


async def add(session: AsyncConnection, new: Sequence[StoredDeposit]) -> None:
    """Raises `IntegrityError` for a deposit that is known."""
    await add_rows(session, tables.deposits, new)


async def seen(session: AsyncConnection, deposit_id: str) -> SeenDeposit | None:
    """A deposit as far as it matters to a decision about it."""
    found = await read_as(session, SeenDeposit, _ONE, {"deposit": deposit_id})
    return found[0] if found else None


async def reassign(session: AsyncConnection, deposit_id: str, statement_id: str) -> None:
    """入金付替: the deposit counts for this statement from now on, and is on the ward's account."""
    query = update(tables.deposits).where(_d.deposit_id == deposit_id)
    await session.execute(query.values(counts_for=statement_id, account=""))
