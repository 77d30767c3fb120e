"""What `sansha explain` says of payments, read in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.service import Explanation
from services.payment_provider import store
from services.payment_provider.explanation import Telling, explain, payment_then, period_of


async def read(session: AsyncConnection, payment_ids: Sequence[str], told: Telling) -> dict[str, Explanation]:
    """By payment id; payments that are unknown, or were at the end of the story, are missing."""
    found = await store.find(session, payment_ids)
    struck_at = {} if told.then is None else await store.struck_at(session, payment_ids)
    of: dict[str, list[object]] = {payment_id: [] for payment_id in found}
    for row in await store.receipts_of(session, payment_ids):
        of[row.payment_id].append(row)
    stood = {i: payment_then(p, of[i], struck_at.get(i), told) for i, p in found.items()}
    known = {i: p for i, p in stood.items() if p is not None}
    periods = {i: period for i, p in known.items() if (period := period_of(p)) is not None}
    closings = await store.find_closings(session, set(periods.values()))
    return {i: explain(p, of[i], closings.get(periods[i]) if i in periods else None, told) for i, p in known.items()}
