"""Anomalies (異常) asked for, and the payments that they struck."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.payment_provider.behaviour import AskedAnomaly
from services.payment_provider.store.anomalies import ANOMALIES
from services.payment_provider.tables import anomalies

_STRUCK = select(anomalies.c.payment_id, anomalies.c.struck_at).where(in_list(anomalies.c.payment_id))


async def asked(session: AsyncConnection) -> Sequence[AskedAnomaly]:
    """All requested anomalies, by number."""
    return await read_as(session, AskedAnomaly, ANOMALIES)


async def struck_at(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, datetime]:
    """Payment id → since when its receipt data go wrong; payments without an anomaly are missing."""
    found = (await session.execute(_STRUCK, {"ids": list(payment_ids)})).all()
    return {payment_id: at for payment_id, at in found}
