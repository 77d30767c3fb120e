"""The ledger, added up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ward.domain.ledger import Account
from services.ward.tables import transfers


async def totals(session: AsyncConnection) -> Sequence[tuple[Account, Account, int]]:
    """(debit, credit, sum of all transfers between them)"""
    t = transfers.c
    query = select(t.debit, t.credit, func.sum(t.amount)).group_by(t.debit, t.credit)
    return [(debit, credit, int(amount)) for debit, credit, amount in (await session.execute(query)).all()]
