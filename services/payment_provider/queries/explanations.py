"""What `sansha explain` says of payments, read in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.http.service import Explanation
from services.payment_provider.domain.reporting import DeliveredReceipt
from services.payment_provider.explanation import Scope, explain, payment_then, period_of
from services.payment_provider.queries import anomalies
from services.payment_provider.store import closings, payments, receipts


async def read(session: AsyncConnection, payment_ids: Collection[str], scope: Scope) -> dict[str, Explanation]:
    """By payment id; payments that are unknown, or were at the end of the story, are missing."""
    found = await payments.find(session, payment_ids)
    delivered: defaultdict[str, list[DeliveredReceipt]] = defaultdict(list)
    for receipt in await receipts.of_payments(session, payment_ids):
        delivered[receipt.payment_id].append(receipt)
    struck_at = {} if scope.then is None else await anomalies.struck_at(session, payment_ids)
    stood = {i: payment_then(p, delivered[i], struck_at.get(i), scope) for i, p in found.items()}
    known = {i: p for i, p in stood.items() if p is not None}
    periods = {i: period for i, p in known.items() if (period := period_of(p)) is not None}
    closed = await closings.find(session, set(periods.values()))
    return {
        i: explain(p, delivered[i], closed.get(periods[i]) if i in periods else None, scope) for i, p in known.items()
    }
