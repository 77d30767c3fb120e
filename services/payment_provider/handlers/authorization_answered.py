"""与信照会結果: entrust the agent with payments it approved, end those it declined."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import (
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    PaymentDeclined,
    ProxyPaymentRequested,
)
from contracts.vocabulary import Method
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction
from services.payment_provider.domain.payment import Payment, approve, decline
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.store import payments
from services.payment_provider.timers import AuthorizationOverdue


async def entrust_approved(approvals: Sequence[AuthorizationApproved], tx: Transaction) -> None:
    """代理納付の委託. An approval that comes too late is ignored: its reversal has been asked for."""
    steps = Steps(await payments.lock(tx.session, subjects(approvals)), tx)
    for approval in approvals:
        asked = payment_of(approval, steps)
        entrusted = steps.take(approval, approve(asked, tx.now), repeated=asked.approved_at is not None)
        if entrusted is not None:
            tx.publish(_entrustment(entrusted, tx))
    tx.cancel(AuthorizationOverdue, steps.changed)
    await payments.save(tx.session, steps)


async def end_declined(refusals: Sequence[AuthorizationDeclined], tx: Transaction) -> None:
    """与信否認: the payment ends with the agent's reason; the slip can be paid again."""
    steps = Steps(await payments.lock(tx.session, subjects(refusals)), tx)
    for refusal in refusals:
        asked, reason = payment_of(refusal, steps), refusal.reason
        declined = steps.take(refusal, decline(asked, reason, tx.now), repeated=asked.decline_reason is reason)
        if declined is not None:
            announce_declined(declined, tx)
    tx.cancel(AuthorizationOverdue, steps.changed)
    await payments.save(tx.session, steps)


async def note_reversed(reversals: Sequence[AuthorizationReversed], tx: Transaction) -> None:
    """与信取消: the payment was declined when the reversal was asked for. Raises `LookupError` for an unknown one."""
    known = await payments.find(tx.session, subjects(reversals))
    for reversal in reversals:
        payment_of(reversal, known)


def announce_declined(payment: Payment, tx: Transaction) -> None:
    """支払不成立."""
    assert payment.decline_reason is not None, "a declined payment has a reason"
    tx.publish(
        PaymentDeclined(
            payment_id=payment.payment_id,
            method=payment.method or Method.CARD,
            reason=payment.decline_reason,
            declined_at=tx.now,
        )
    )


def _entrustment(payment: Payment, tx: Transaction) -> ProxyPaymentRequested:
    assert payment.agent and payment.card_token, "an authorized payment has an agent and a card"
    return ProxyPaymentRequested(
        payment_id=payment.payment_id,
        agent=payment.agent,
        card_token=payment.card_token,
        amount=payment.amount,
        entrusted_at=tx.now,
    )
