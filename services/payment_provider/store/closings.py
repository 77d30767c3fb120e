"""Closings of the networks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Yen
from services.chassis.database.expressions import in_list, insert
from services.chassis.database.lookup import Lookup
from services.payment_provider.domain.network import Closing, Period
from services.payment_provider.domain.payment import STANDING
from services.payment_provider.tables import closings, payments

_CLOSINGS = select(*(closings.c[name] for name in Closing._fields)).order_by(closings.c.settler, closings.c.closed_on)
_OF_PERIODS = _CLOSINGS.where(in_list(closings.c.settler, "settlers"), in_list(closings.c.closed_on, "days"))
_FOUND, _HELD = Lookup(_OF_PERIODS, Closing), Lookup(_OF_PERIODS.with_for_update(read=True), Closing)
_LOCKED = Lookup(_CLOSINGS.where(in_list(closings.c.statement_id)).with_for_update(), Closing)


async def add(session: AsyncConnection, closing: Closing) -> bool:
    """Open a closing; False if another transaction has opened it meanwhile."""
    statement = insert(session, closings).values(closing._asdict()).on_conflict_do_nothing()
    made = await session.execute(statement.returning(closings.c.statement_id))
    return made.one_or_none() is not None


async def find(session: AsyncConnection, periods: Collection[Period]) -> dict[Period, Closing]:
    """The closings of these periods, without a lock; more may be returned, as by `hold`."""
    return await _of_periods(session, _FOUND, periods)


async def hold(session: AsyncConnection, periods: Collection[Period]) -> dict[Period, Closing]:
    """The closings of these periods; one that is not totalled yet cannot be before this transaction ends.

    Returns those of each of the settlers on each of the days, which may be more than was asked for.
    """
    return await _of_periods(session, _HELD, periods)


async def lock(session: AsyncConnection, statement_ids: Iterable[str]) -> dict[str, Closing]:
    """Closings by statement id, locked; unknown ids are missing."""
    return {closing.statement_id: closing for closing in await _LOCKED.rows(session, ids=list(statement_ids))}


async def counted(session: AsyncConnection, closing: Closing) -> Sequence[tuple[str, Yen]]:
    """(payment id, amount) of the standing payments that a closing counts, by payment id."""
    query = (
        select(payments.c.payment_id, payments.c.amount)
        .where(payments.c.settler == closing.settler, payments.c.closes_on == closing.closed_on)
        .where(payments.c.status.in_(STANDING))
        .order_by(payments.c.payment_id)
    )
    return [(payment_id, Yen(amount)) for payment_id, amount in (await session.execute(query)).all()]


async def save(session: AsyncConnection, closing: Closing) -> None:
    query = update(closings).where(closings.c.statement_id == closing.statement_id)
    await session.execute(query.values(closing._asdict()))


async def _of_periods(
    session: AsyncConnection, query: Lookup[Closing], periods: Collection[Period]
) -> dict[Period, Closing]:
    if not periods:
        return {}
    settlers, days = (list(set(part)) for part in zip(*periods, strict=True))
    found = await query.rows(session, settlers=settlers, days=days)
    return {(closing.settler, closing.closed_on): closing for closing in found}
