"""督促状 as sent, those that crossed a payment (行き違い), and the time until payments were known (収納確認まで)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.store.receipts import standing, visible_at
from services.ward.store.rows import Crossing, SentReminder, StoredReminder, VisiblePayment, columns

_r, _reminder = tables.receipts.c, tables.reminders.c


async def sent(
    session: AsyncConnection, slip_number: str | None, is_crossed: bool | None, limit: int | None
) -> Sequence[SentReminder]:
    """In the order in which they were sent; None for any slip, and whether they crossed a payment or not."""
    found = _crossings().subquery().c
    crossed = exists().where(found.slip_number == _reminder.slip_number, found.number == _reminder.number)
    crossed = crossed.correlate(tables.reminders)
    query = select(*columns(tables.reminders, StoredReminder), crossed).order_by(
        _reminder.sent_at, _reminder.slip_number, _reminder.number
    )
    if slip_number is not None:
        query = query.where(_reminder.slip_number == slip_number)
    if is_crossed is not None:
        query = query.where(crossed if is_crossed else ~crossed)
    return await read_as(session, SentReminder, query.limit(limit))


async def of_slips(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, list[StoredReminder]]:
    """Slip number → its reminders, the earliest first."""
    query = select(*columns(tables.reminders, StoredReminder)).where(_reminder.slip_number.in_(slip_numbers))
    found: defaultdict[str, list[StoredReminder]] = defaultdict(list)
    for reminder in await read_as(session, StoredReminder, query.order_by(_reminder.slip_number, _reminder.number)):
        found[reminder.slip_number].append(reminder)
    return found


async def count(session: AsyncConnection) -> int:
    return (await session.execute(select(func.count()).select_from(tables.reminders))).scalar_one()


async def crossings(session: AsyncConnection) -> Sequence[Crossing]:
    """Crossings, in the order in which the reminders were sent."""
    return await read_as(session, Crossing, _crossings())


def _crossings() -> Select[*tuple[Any, ...]]:
    """督促の行き違い as `domain.reminders.crossed` defines it, of standing receipts alone."""
    paid = _visible(_r.slip_number, _r.payment_id, _r.method, _r.settler, _r.amount, _r.paid_at).subquery()
    p = paid.c
    return (
        select(
            *columns(tables.reminders, StoredReminder),
            p.payment_id,
            p.method,
            p.settler,
            p.amount,
            p.paid_at,
            p.visible_at,
        )
        .join(paid, p.slip_number == _reminder.slip_number)
        .where(p.paid_at < _reminder.sent_at, _reminder.sent_at < p.visible_at)
        .order_by(_reminder.sent_at, _reminder.slip_number, _reminder.number, p.payment_id)
    )


async def visible_payments(session: AsyncConnection) -> Sequence[VisiblePayment]:
    """判明: all payments whose receipts stand."""
    return await read_as(session, VisiblePayment, _visible(_r.method, _r.paid_at))


def _visible(*selected: Any) -> Select[*tuple[Any, ...]]:
    return standing(*selected, visible_at().label("visible_at"))
