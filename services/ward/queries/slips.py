"""Slips (納付書), by number and by what is asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import ChargeType
from services.ward.tables import slips


async def find(session: AsyncConnection, slip_numbers: Collection[str]) -> Sequence[Any]:
    """Rows of slips, to look at."""
    return (await session.execute(select(slips).where(slips.c.slip_number.in_(slip_numbers)))).all()


class Wanted(NamedTuple):
    """Which slips to list; None for any."""

    insured_number: str | None
    charge_type: ChargeType | None
    open_only: bool


async def page(session: AsyncConnection, wanted: Wanted, after: str | None, limit: int | None) -> Sequence[Any]:
    """Rows of slips in order of number, those behind `after`."""
    query = select(slips).order_by(slips.c.slip_number).limit(limit)
    if wanted.insured_number is not None:
        query = query.where(slips.c.insured_number == wanted.insured_number)
    if wanted.charge_type is not None:
        query = query.where(slips.c.charge_type == wanted.charge_type)
    if wanted.open_only:
        query = query.where(slips.c.received < slips.c.amount)
    if after is not None:
        query = query.where(slips.c.slip_number > after)
    return (await session.execute(query)).all()
