"""Slips (納付書), by number or by condition."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import ChargeType
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.store.rows import StoredSlip, columns

_s = tables.slips.c
_SLIPS = select(*columns(tables.slips, StoredSlip))


class Wanted(NamedTuple):
    """Which slips to list; None for any."""

    insured_number: str | None
    charge_type: ChargeType | None
    open_only: bool


async def find(session: AsyncConnection, slip_numbers: Collection[str]) -> Sequence[StoredSlip]:
    return await read_as(session, StoredSlip, _SLIPS.where(_s.slip_number.in_(slip_numbers)))


async def page(session: AsyncConnection, wanted: Wanted, after: str | None, limit: int | None) -> Sequence[StoredSlip]:
    """Slips in order of number, from the first above `after`."""
    query = _SLIPS.order_by(_s.slip_number).limit(limit)
    if wanted.insured_number is not None:
        query = query.where(_s.insured_number == wanted.insured_number)
    if wanted.charge_type is not None:
        query = query.where(_s.charge_type == wanted.charge_type)
    if wanted.open_only:
        query = query.where(_s.received < _s.amount)
    if after is not None:
        query = query.where(_s.slip_number > after)
    return await read_as(session, StoredSlip, query)
