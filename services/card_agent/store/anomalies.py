"""Anomalies (異常) asked for closings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import SettlementAnomaly
from services.card_agent.behaviour import AskedAnomaly
from services.card_agent.tables import anomalies
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup

OfClosing = Mapping[SettlementAnomaly, AskedAnomaly]
"""The anomalies of one closing, by kind."""

ANOMALIES = select(*(anomalies.c[name] for name in AskedAnomaly._fields)).order_by(
    anomalies.c.closed_on, anomalies.c.kind
)
_OF_CLOSINGS = Lookup(ANOMALIES.where(in_list(anomalies.c.closed_on, "days")), AskedAnomaly)
_ADD = Bulk(anomalies.insert())
_SAVE = Bulk(
    update(anomalies)
    .where(anomalies.c.closed_on == bindparam("of_day"), anomalies.c.kind == bindparam("of_kind"))
    .values(
        met_payment_id=bindparam("new_payment"), met_yen=bindparam("new_yen"), corrected_at=bindparam("new_corrected")
    )
)


async def of_closings(session: AsyncConnection, days: Collection[date]) -> Mapping[date, OfClosing]:
    """Closing day → its anomalies; an empty mapping for none."""
    return by_closing(await _OF_CLOSINGS.rows(session, days=list(days)))


async def add(session: AsyncConnection, asked: Sequence[AskedAnomaly]) -> None:
    await _ADD.insert(session, asked)


async def save(session: AsyncConnection, changed: Sequence[AskedAnomaly]) -> None:
    """Write which payments anomalies met, and when they were corrected."""
    rows = [
        {
            "of_day": a.closed_on,
            "of_kind": a.kind,
            "new_payment": a.met_payment_id,
            "new_yen": a.met_yen,
            "new_corrected": a.corrected_at,
        }
        for a in changed
    ]
    await _SAVE.execute(session, rows)


def by_closing(asked: Iterable[AskedAnomaly]) -> Mapping[date, OfClosing]:
    found: defaultdict[date, dict[SettlementAnomaly, AskedAnomaly]] = defaultdict(dict)
    for anomaly in asked:
        found[anomaly.closed_on][anomaly.kind] = anomaly
    return found
