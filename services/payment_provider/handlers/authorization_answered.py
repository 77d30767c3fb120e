"""与信照会結果: entrust the agent with what it approved, end what it declined."""

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
from services.chassis.transaction import Transaction
from services.payment_provider import store
from services.payment_provider.domain.payment import Payment, approve, decline
from services.payment_provider.handlers.agent_events import payment_of
from services.payment_provider.timers import AuthorizationOverdue


async def entrust_approved(approvals: Sequence[AuthorizationApproved], tx: Transaction) -> None:
    """代理納付の委託. An approval that comes too late is left alone: its reversal is already asked for."""
    known = await store.lock(tx.session, {a.payment_id for a in approvals})
    stand, entrusted = dict(known), list[Payment]()
    for approval in approvals:
        asked = payment_of(approval, stand)
        payment = approve(asked, tx.now)
        if payment is None:
            if asked.approved_at is not None:
                tx.repeated.append(approval)
            continue
        stand[payment.payment_id] = payment
        entrusted.append(payment)
        assert payment.agent and payment.card_token, "an authorized payment has an agent and a card"
        tx.publish(
            ProxyPaymentRequested(
                payment_id=payment.payment_id,
                agent=payment.agent,
                card_token=payment.card_token,
                amount=payment.amount,
                entrusted_at=tx.now,
            )
        )
    tx.cancel(AuthorizationOverdue, (p.payment_id for p in entrusted))
    await store.save(tx.session, known, entrusted)


async def end_declined(refusals: Sequence[AuthorizationDeclined], tx: Transaction) -> None:
    """与信否認: the payer is told why; the slip is free again."""
    known = await store.lock(tx.session, {r.payment_id for r in refusals})
    stand, declined = dict(known), list[Payment]()
    for refusal in refusals:
        asked = payment_of(refusal, stand)
        payment = decline(asked, refusal.reason, tx.now)
        if payment is not None:
            stand[payment.payment_id] = payment
            declined.append(payment)
            announce_declined(payment, tx)
        elif asked.decline_reason is refusal.reason:
            tx.repeated.append(refusal)
    tx.cancel(AuthorizationOverdue, (p.payment_id for p in declined))
    await store.save(tx.session, known, declined)


async def note_reversed(reversals: Sequence[AuthorizationReversed], tx: Transaction) -> None:
    """与信取消: the payment was declined when the reversal was asked for; an unknown one is a fault."""
    known = await store.find(tx.session, {r.payment_id for r in reversals})
    for reversal in reversals:
        payment_of(reversal, known)


def announce_declined(payment: Payment, tx: Transaction) -> None:
    """支払不成立, for whoever watches the scans."""
    assert payment.decline_reason is not None, "a declined payment has a reason"
    tx.publish(
        PaymentDeclined(
            payment_id=payment.payment_id,
            method=payment.method or Method.CARD,
            reason=payment.decline_reason,
            declined_at=tx.now,
        )
    )
