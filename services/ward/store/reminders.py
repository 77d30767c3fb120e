"""Reminders (督促状): the days on which they go out, and those sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.ward.store.receipts import visible_receipts
from services.ward.store.rows import add_missing_rows, add_rows
from services.ward.tables import reminder_days, reminders, slips

_KNOWN_DAYS = select(reminder_days.c.remind_on).where(in_list(reminder_days.c.remind_on))
_PLAN = Bulk(
    update(slips).where(slips.c.slip_number == bindparam("planned_slip")).values(remind_on=bindparam("planned_day"))
)
_EARLIER = select(func.count()).where(reminders.c.slip_number == slips.c.slip_number).scalar_subquery()
_UNPAID = (
    select(slips.c.slip_number, (slips.c.amount - slips.c.received).label("outstanding"), _EARLIER.label("earlier"))
    .where(slips.c.remind_on == bindparam("day"), slips.c.received < slips.c.amount)
    .order_by(slips.c.slip_number)
    .limit(bindparam("at_most"))
    .with_for_update()
)
_SENT = update(slips).where(in_list(slips.c.slip_number)).values(remind_on=None)


async def add_reminder_days(session: AsyncConnection, days: Collection[date], at: datetime) -> Sequence[date]:
    """Keep days on which reminders go out; those among them that were not known."""
    known = set((await session.execute(_KNOWN_DAYS, {"ids": list(days)})).scalars())
    new = sorted(set(days) - known)
    await add_missing_rows(session, reminder_days, [{"remind_on": day, "planned_at": at} for day in new])
    return new


async def plan_reminders(session: AsyncConnection, planned: Mapping[str, date]) -> None:
    """Slip number → the day on which it is to be reminded of."""
    rows = [{"planned_slip": number, "planned_day": day} for number, day in planned.items()]
    await _PLAN.execute(session, rows)


async def lock_unpaid(session: AsyncConnection, day: date, at_most: int) -> Sequence[Any]:
    """Rows (slip number, outstanding, reminders sent earlier) of slips to be reminded of on a day, locked in order."""
    return (await session.execute(_UNPAID, {"day": day, "at_most": at_most})).all()


async def add_reminders(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep reminders; their slips are not reminded of again."""
    await add_rows(session, reminders, rows)
    await session.execute(_SENT, {"ids": [row["slip_number"] for row in rows]})


# ---- to look at ---------------------------------------------------------------------------------------------


def _crossings() -> Select[*tuple[Any, ...]]:
    """督促の行き違い, as `domain.reminders.crossed` says: of standing receipts alone."""
    r, paid = reminders.c, visible_receipts().subquery()
    p = paid.c
    columns = p.payment_id, p.method, p.settler, p.amount, p.paid_at, p.visible_at
    return (
        select(*r, *columns)
        .join(paid, p.slip_number == r.slip_number)
        .where(p.paid_at < r.sent_at, r.sent_at < p.visible_at)
        .order_by(r.sent_at, r.slip_number, r.number, p.payment_id)
    )


async def crossings(session: AsyncConnection) -> Sequence[Any]:
    """Reminders with the payments that they crossed, in the order in which they were sent."""
    return (await session.execute(_crossings())).all()


async def count_reminders(session: AsyncConnection) -> int:
    """How many were sent."""
    return (await session.execute(select(func.count()).select_from(reminders))).scalar_one()


async def reminders_sent(
    session: AsyncConnection, slip_number: str | None, is_crossed: bool | None, limit: int | None
) -> Sequence[Any]:
    """Rows of reminders, each with whether it crossed a payment, in the order in which they were sent."""
    r, found = reminders.c, _crossings().subquery()
    it_crossed = exists().where(found.c.slip_number == r.slip_number, found.c.number == r.number).correlate(reminders)
    query = select(reminders, it_crossed.label("crossed")).order_by(r.sent_at, r.slip_number, r.number)
    if slip_number is not None:
        query = query.where(r.slip_number == slip_number)
    if is_crossed is not None:
        query = query.where(it_crossed if is_crossed else ~it_crossed)
    return (await session.execute(query.limit(limit))).all()


async def reminders_of(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, list[Any]]:
    """Slip number → rows of its reminders, the first first."""
    r = reminders.c
    query = select(reminders).where(r.slip_number.in_(slip_numbers)).order_by(r.slip_number, r.number)
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in (await session.execute(query)).all():
        found[row.slip_number].append(row)
    return found
