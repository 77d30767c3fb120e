"""Reminders (督促状): the days on which they go out, and those sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.store.inserts import add_missing_rows, add_rows
from services.ward.store.rows import StoredReminder

_s, _day = tables.slips.c, tables.reminder_days.c
_KNOWN_DAYS = select(_day.remind_on).where(in_list(_day.remind_on))
_PLAN = Bulk(
    update(tables.slips).where(_s.slip_number == bindparam("planned_slip")).values(remind_on=bindparam("planned_day"))
)
_EARLIER = select(func.count()).where(tables.reminders.c.slip_number == _s.slip_number).scalar_subquery()
_UNPAID = (
    select(_s.slip_number, _s.amount - _s.received, _EARLIER)
    .where(in_list(_s.remind_on, "days"), _s.received < _s.amount)
    .order_by(_s.slip_number)
    .limit(bindparam("at_most"))
    .with_for_update()
)
_SENT = update(tables.slips).where(in_list(_s.slip_number)).values(remind_on=None)


class UnpaidSlip(NamedTuple):
    """A slip to be reminded of."""

    slip_number: str
    outstanding: int
    reminders: int
    """How many were sent for it earlier."""


class _ReminderDay(NamedTuple):
    remind_on: date
    planned_at: datetime


async def add_days(session: AsyncConnection, days: Collection[date], at: datetime) -> Sequence[date]:
    """Record days on which reminders go out. Returns those that were not recorded before."""
    known = set((await session.execute(_KNOWN_DAYS, {"ids": list(days)})).scalars())
    new = sorted(set(days) - known)
    await add_missing_rows(session, tables.reminder_days, [_ReminderDay(day, at) for day in new])
    return new


async def plan(session: AsyncConnection, planned: Mapping[str, date]) -> None:
    """Set the day on which each slip is reminded of, by slip number."""
    if planned:
        await _PLAN.execute_columns(session, {"planned_slip": [*planned], "planned_day": [*planned.values()]})


async def lock_unpaid(session: AsyncConnection, days: Collection[date], at_most: int) -> Sequence[UnpaidSlip]:
    """Slips to be reminded of on these days, locked in order of number."""
    return await read_as(session, UnpaidSlip, _UNPAID, {"days": sorted(days), "at_most": at_most})


async def add(session: AsyncConnection, sent: Sequence[StoredReminder]) -> None:
    """Record reminders; their slips have no day to be reminded of any more."""
    await add_rows(session, tables.reminders, sent)
    await session.execute(_SENT, {"ids": [reminder.slip_number for reminder in sent]})
