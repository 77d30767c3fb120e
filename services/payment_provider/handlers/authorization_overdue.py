"""与信照会タイムアウト: give the payment up, and have the agent undo its authorization, present or still to come."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationReversalRequested
from contracts.vocabulary import DeclineReason
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction
from services.payment_provider.domain.payment import decline
from services.payment_provider.handlers.authorization_answered import announce_declined
from services.payment_provider.store import payments
from services.payment_provider.timers import AuthorizationOverdue


async def give_up_overdue(overdue: Sequence[AuthorizationOverdue], tx: Transaction) -> None:
    """A payment whose answer came while this timer was under way is left as it is."""
    steps, reason = Steps(await payments.lock(tx.session, subjects(overdue)), tx), DeclineReason.AUTHORIZATION_TIMED_OUT
    for timer in overdue:
        payment = steps.take(timer, decline(steps[timer.payment_id], reason, tx.now))
        if payment is None:
            continue
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
    await payments.save(tx.session, steps)
