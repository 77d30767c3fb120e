"""Anomalies (異常) asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.payment_provider.tables import anomalies

_ALL = select(anomalies).order_by(anomalies.c.number)
_WAITING = _ALL.where(anomalies.c.payment_id.is_(None)).with_for_update()
_ADD = Bulk(anomalies.insert())
_STRUCK = select(anomalies.c.payment_id, anomalies.c.struck_at).where(in_list(anomalies.c.payment_id))
_STRIKE = Bulk(
    update(anomalies)
    .where(anomalies.c.anomaly_id == bindparam("struck_id"))
    .values(payment_id=bindparam("new_payment_id"), struck_at=bindparam("new_struck_at"))
)


async def count_anomalies(session: AsyncConnection) -> int:
    """How many were ever asked for."""
    return int((await session.execute(select(func.count()).select_from(anomalies))).scalar_one())


async def add_anomalies(session: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what was asked for."""
    await _ADD.execute(session, rows)


async def lock_waiting_anomalies(session: AsyncConnection) -> Sequence[Any]:
    """Rows of those that wait for a payment, the first first, locked."""
    return (await session.execute(_WAITING)).all()


async def strike_anomalies(session: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Which payment each of these has met, and when."""
    await _STRIKE.execute(session, rows)


async def all_anomalies(session: AsyncConnection) -> Sequence[Mapping[str, Any]]:
    """Rows of all, the first first."""
    return [dict(row) for row in (await session.execute(_ALL)).mappings()]


async def struck_at(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, datetime]:
    """Payment → since when its receipt data go wrong; one whose data do not is missing."""
    found = (await session.execute(_STRUCK, {"ids": list(payment_ids)})).all()
    return {row.payment_id: row.struck_at for row in found}
