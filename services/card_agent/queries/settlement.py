"""Everything that this agent has settled, or is to settle: closings, deposits, and the anomalies (異常) of both."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.card_agent.behaviour import AskedAnomaly
from services.card_agent.domain.settlement import Closing, Deposit
from services.card_agent.store.anomalies import ANOMALIES
from services.card_agent.store.closings import CLOSINGS
from services.card_agent.store.deposits import DEPOSITS
from services.chassis.database.reading import read_as


async def closings(session: AsyncConnection) -> Sequence[Closing]:
    """Closings, by closing day."""
    return await read_as(session, Closing, CLOSINGS)


async def deposits(session: AsyncConnection) -> Sequence[Deposit]:
    """Deposits, by the day of payment in the agent's books."""
    return await read_as(session, Deposit, DEPOSITS)


async def anomalies(session: AsyncConnection) -> Sequence[AskedAnomaly]:
    """Anomalies, by closing day and kind."""
    return await read_as(session, AskedAnomaly, ANOMALIES)
