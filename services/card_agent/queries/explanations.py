"""What `sansha explain` says of payments: as known now, or at the end of a day that is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import topics
from contracts.vocabulary import Agent
from services.card_agent import store
from services.card_agent.domain.as_of import as_it_stood
from services.card_agent.domain.terms import Terms
from services.card_agent.explanation import Story, anomalies_then, closing_then


async def stories(
    session: AsyncConnection, payment_ids: Sequence[str], then: datetime | None, agent: Agent, terms: Terms
) -> dict[str, Story]:
    """Payment → its story, as it was known at `then`; an unknown payment is missing."""
    known = await store.find(session, payment_ids)
    if then is not None:
        before = await store.counted_before(session, payment_ids, then)
        counted = {i: a._replace(closes_on=before.get(i, a.closes_on)) for i, a in known.items()}
        known = {i: stood for i, a in counted.items() if (stood := as_it_stood(a, then)) is not None}
    cards = await store.known_cards(session, {a.card_token for a in known.values()})
    closings = await store.find_closings(session, {a.closes_on for a in known.values() if a.closes_on is not None})
    kept = await store.anomalies_of(session, closings) if closings else {}
    anomalies = {day: tuple(of_day.values()) for day, of_day in kept.items()}
    if then is not None:
        closings = {day: closing_then(closing, then) for day, closing in closings.items()}
        anomalies = {day: anomalies_then(of_day, closings[day], then) for day, of_day in anomalies.items()}
    return {
        payment_id: Story(
            topics.card_agent(agent),
            a,
            cards.get(a.card_token),
            None if a.closes_on is None else closings.get(a.closes_on),
            terms,
            () if a.closes_on is None else anomalies.get(a.closes_on, ()),
        )
        for payment_id, a in known.items()
    }
