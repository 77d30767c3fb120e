"""Months of receipts, by settler, for whose statements (明細) a timer is set."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Settler
from services.chassis.database.expressions import in_list
from services.ward import tables
from services.ward.store.inserts import add_missing_rows


class WatchedMonth(NamedTuple):
    settler: Settler
    month: date
    """Its first day."""


_m = tables.watched_months.c
_WATCHED = select(_m.settler, _m.month).where(in_list(_m.month, "months"))


async def known(session: AsyncConnection, months: Collection[WatchedMonth]) -> set[WatchedMonth]:
    """The given months that have a timer."""
    found = await session.execute(_WATCHED, {"months": sorted({of.month for of in months})})
    return {WatchedMonth(settler, month) for settler, month in found.all()} & set(months)


async def add(session: AsyncConnection, months: Collection[WatchedMonth]) -> None:
    """Record that these months have a timer."""
    await add_missing_rows(session, tables.watched_months, list(months))
