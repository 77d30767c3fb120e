"""What an agent knows of payments, for HTTP and `sansha explain`, now or at a past instant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import topics
from contracts.vocabulary import Agent, SettlementAnomaly
from services.card_agent.domain.as_of import as_it_stood
from services.card_agent.domain.authorization import Authorization
from services.card_agent.domain.terms import Terms
from services.card_agent.explanation import Story, anomalies_then, closing_then
from services.card_agent.store import anomalies, authorizations, cards, closings
from services.card_agent.tables import anomalies as asked
from services.chassis.database.expressions import in_list

_CARRIED_OVER = (
    select(asked.c.met_payment_id, asked.c.closed_on)
    .where(in_list(asked.c.met_payment_id), asked.c.kind == SettlementAnomaly.PAYMENT_LEFT_OUT)
    .where(asked.c.corrected_at > bindparam("then"))
    .order_by(asked.c.corrected_at.desc())
)


async def stories(
    session: AsyncConnection, payment_ids: Collection[str], then: datetime | None, agent: Agent, terms: Terms
) -> dict[str, Story]:
    """By payment id; payments that this agent does not know, or did not know at `then`, are missing."""
    known = await authorizations.find(session, payment_ids)
    if then is not None:
        known = await _as_they_stood(session, known, then)
    held = await cards.known(session, {a.card_token for a in known.values()})
    found = await closings.find(session, {a.closes_on for a in known.values() if a.closes_on is not None})
    of_closings = await anomalies.of_closings(session, found) if found else {}
    met = {day: tuple(of_closing.values()) for day, of_closing in of_closings.items()}
    if then is not None:
        found = {day: closing_then(closing, then) for day, closing in found.items()}
        met = {day: anomalies_then(of_closing, found[day], then) for day, of_closing in met.items()}
    return {
        payment_id: Story(
            topics.card_agent(agent),
            a,
            held.get(a.card_token),
            None if a.closes_on is None else found.get(a.closes_on),
            terms,
            () if a.closes_on is None else met.get(a.closes_on, ()),
            then,
        )
        for payment_id, a in known.items()
    }


async def _as_they_stood(
    session: AsyncConnection, known: Mapping[str, Authorization], then: datetime
) -> dict[str, Authorization]:
    before = await _counted_before(session, known, then)
    counted = {i: a._replace(closes_on=before.get(i, a.closes_on)) for i, a in known.items()}
    return {i: stood for i, a in counted.items() if (stood := as_it_stood(a, then)) is not None}


async def _counted_before(session: AsyncConnection, payment_ids: Collection[str], then: datetime) -> dict[str, date]:
    """Payment id → the closing that counted it at the instant `then`, if it was carried over (繰越) since."""
    found = await session.execute(_CARRIED_OVER, {"ids": list(payment_ids), "then": then})
    return {payment_id: closed_on for payment_id, closed_on in found.all()}
