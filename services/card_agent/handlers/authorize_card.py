"""与信照会: ask the card company, and tell the provider what it says."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationApproved, AuthorizationDeclined, AuthorizationRequested
from contracts.vocabulary import Agent, Yen
from services.card_agent import store
from services.card_agent.domain.authorization import (
    Authorization,
    answer,
    approval_code,
    asked,
    asked_after_reversal,
    held,
    require_same,
)
from services.card_agent.domain.issuer import Issuer, Unanswered, Verdict
from services.card_agent.timers import IssuerAnswered
from services.chassis.transaction import Transaction


async def authorize_cards(
    requests: Sequence[AuthorizationRequested], tx: Transaction, *, agent: Agent, issuer: Issuer
) -> None:
    """Requests of one card account draw on its limit one after the other, in the order they came."""
    before = await store.lock(tx.session, {r.payment_id for r in requests})
    cards, drawn = await store.lock_accounts(tx.session, {r.card_token for r in requests})
    after = dict(before)
    for request in requests:
        payment_id, card = request.payment_id, cards.get(request.card_token)
        account_id = None if card is None else card.account_id
        earlier = after.get(payment_id)
        if earlier is not None:
            require_same(earlier, request.card_token, request.amount)
            if earlier.asked_at is None:
                after[payment_id] = asked_after_reversal(earlier, request.amount, account_id, tx.now)
            else:
                tx.repeated.append(request)
            continue
        so_far = drawn.get(account_id or "", Yen(0))
        verdict = issuer.ask(card, request.brand, request.amount, so_far, tx.now)
        pending = asked(payment_id, request.card_token, request.amount, account_id, tx.now)
        after[payment_id] = take_answer(pending, verdict, agent, tx)
        if account_id is not None:
            drawn[account_id] = Yen(so_far + held(after[payment_id]))
    await store.save(tx.session, before, after, locked=drawn)


def take_answer(pending: Authorization, verdict: Verdict, agent: Agent, tx: Transaction) -> Authorization:
    """The authorization as the verdict leaves it; an answer is announced, silence that ends is waited for."""
    code = approval_code(tx.new_id("approval", pending.payment_id))
    a = answer(pending, verdict, code, tx.now)
    if isinstance(verdict, Unanswered):
        if verdict.until is not None:
            tx.schedule(IssuerAnswered(payment_id=a.payment_id), verdict.until)
    elif a.decline_reason is not None:
        tx.publish(
            AuthorizationDeclined(payment_id=a.payment_id, agent=agent, reason=a.decline_reason, declined_at=tx.now)
        )
    else:
        tx.publish(
            AuthorizationApproved(
                payment_id=a.payment_id, agent=agent, amount=a.amount, approval_code=code, approved_at=tx.now
            )
        )
    return a
