"""与信取消: the provider gave a payment up; its approval, present or still to come, is undone."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationReversalRequested, AuthorizationReversed
from contracts.vocabulary import Agent
from services.card_agent.domain.authorization import reverse, reversed_unasked
from services.card_agent.store import authorizations
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction


async def reverse_authorizations(
    requests: Sequence[AuthorizationReversalRequested], tx: Transaction, *, agent: Agent
) -> None:
    """Each reversal is answered once: at once, or together with an answer that the card company still owes."""
    steps = Steps(await authorizations.lock(tx.session, subjects(requests)), tx)
    for request in requests:
        earlier = steps.get(request.payment_id)
        if earlier is None:
            changed = reversed_unasked(request.payment_id, request.card_token, tx.now)
        else:
            changed = reverse(earlier, tx.now)
        steps.put(request.payment_id, changed)
        if changed.reversed_at is not None and (earlier is None or earlier.reversed_at is None):
            tx.publish(AuthorizationReversed(payment_id=request.payment_id, agent=agent, reversed_at=tx.now))
    await authorizations.save(tx.session, steps)
