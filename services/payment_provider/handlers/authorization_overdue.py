"""与信照会タイムアウト: give the payment up and have the agent undo whatever it did or will do."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationReversalRequested
from contracts.vocabulary import DeclineReason
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import decline
from services.payment_provider.handlers.authorization_answered import announce_declined
from services.payment_provider.timers import AuthorizationOverdue


async def give_up_overdue(overdue: Sequence[AuthorizationOverdue], tx: Transaction) -> None:
    """Nothing to do where the answer came while this timer was under way."""
    known = await store.lock(tx.session, {t.payment_id for t in overdue})
    reason = DeclineReason.AUTHORIZATION_TIMED_OUT
    given_up = [p for t in overdue if (p := decline(known[t.payment_id], reason, tx.now)) is not None]
    for payment in given_up:
        assert payment.agent and payment.card_token, "an authorizing payment has an agent and a card"
        tx.publish(
            AuthorizationReversalRequested(
                payment_id=payment.payment_id,
                agent=payment.agent,
                card_token=payment.card_token,
                reason=reason,
                requested_at=tx.now,
            )
        )
        announce_declined(payment, tx)
    await store.save(tx.session, known, given_up)
