"""Anomalies (異常) asked for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.lookup import Lookup
from services.payment_provider.behaviour import AskedAnomaly
from services.payment_provider.tables import anomalies

ANOMALIES = select(*(anomalies.c[name] for name in AskedAnomaly._fields)).order_by(anomalies.c.number)
_LOCKED_WAITING = Lookup(ANOMALIES.where(anomalies.c.payment_id.is_(None)).with_for_update(), AskedAnomaly)
_ADD = Bulk(anomalies.insert())
_STRIKE = Bulk(
    update(anomalies)
    .where(anomalies.c.anomaly_id == bindparam("struck_id"))
    .values(payment_id=bindparam("new_payment_id"), struck_at=bindparam("new_struck_at"))
)


async def count(session: AsyncConnection) -> int:
    """The number of anomalies requested so far."""
    return int((await session.execute(select(func.count()).select_from(anomalies))).scalar_one())


async def add(session: AsyncConnection, asked: Sequence[AskedAnomaly]) -> None:
    await _ADD.insert(session, asked)


async def lock_waiting(session: AsyncConnection) -> Sequence[AskedAnomaly]:
    """Anomalies that wait for a payment, by number, locked."""
    return await _LOCKED_WAITING.rows(session)


async def strike(session: AsyncConnection, struck: Sequence[AskedAnomaly]) -> None:
    """Save which payment each of these has struck, and when."""
    rows = [{"struck_id": a.anomaly_id, "new_payment_id": a.payment_id, "new_struck_at": a.struck_at} for a in struck]
    await _STRIKE.execute(session, rows)
