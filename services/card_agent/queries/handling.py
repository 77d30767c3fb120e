"""取扱状況: what the agent's handlers do, and how much personal data it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import Figure
from services.card_agent.tables import accounts, authorizations, cards

TASKS: Final = ("与信照会の運用", "精算・入金", "システムの保守")
_HELD: Final = {"カードのトークン": cards, "会員の利用枠": accounts, "与信・代理納付": authorizations}


async def held(session: AsyncConnection) -> Sequence[Figure]:
    """Rows by kind of data."""
    counts = select(*(select(func.count()).select_from(table).scalar_subquery() for table in _HELD.values()))
    return [Figure(name, count) for name, count in zip(_HELD, (await session.execute(counts)).one(), strict=True)]
