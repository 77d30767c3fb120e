"""与信取消: the provider gave a payment up; whatever was or will be approved is undone."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationReversalRequested, AuthorizationReversed
from contracts.vocabulary import Agent
from services.card_agent import store
from services.card_agent.domain.authorization import reverse, reversed_unasked
from services.chassis.transaction import Transaction


async def reverse_authorizations(
    requests: Sequence[AuthorizationReversalRequested], tx: Transaction, *, agent: Agent
) -> None:
    """Each reversal is answered once: at once, or, where the card company still owes its answer, with that."""
    before = await store.lock(tx.session, {r.payment_id for r in requests})
    after = dict(before)
    for request in requests:
        earlier = after.get(request.payment_id)
        if earlier is None:
            changed = reversed_unasked(request.payment_id, request.card_token, tx.now)
        else:
            changed = reverse(earlier, tx.now)
        after[request.payment_id] = changed
        if changed.reversed_at is not None and (earlier is None or earlier.reversed_at is None):
            tx.publish(AuthorizationReversed(payment_id=request.payment_id, agent=agent, reversed_at=tx.now))
    await store.save(tx.session, before, after)
