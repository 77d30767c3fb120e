"""与信照会: ask the card company, and report its answer to the provider."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationApproved, AuthorizationDeclined, AuthorizationRequested
from contracts.vocabulary import Agent, Yen
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
from services.card_agent.store import authorizations, cards
from services.card_agent.timers import IssuerAnswered
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction


async def authorize_cards(
    requests: Sequence[AuthorizationRequested], tx: Transaction, *, agent: Agent, issuer: Issuer
) -> None:
    """Requests of one card account draw on its limit one after the other, in the order of their arrival."""
    steps = Steps(await authorizations.lock(tx.session, subjects(requests)), tx)
    known_cards, drawn = await cards.lock_accounts(tx.session, {r.card_token for r in requests})
    for request in requests:
        payment_id, card = request.payment_id, known_cards.get(request.card_token)
        account_id = None if card is None else card.account_id
        earlier = steps.get(payment_id)
        if earlier is not None:
            require_same(earlier, request.card_token, request.amount)
            overtaken = earlier.asked_at is None
            reversed_ = asked_after_reversal(earlier, request.amount, account_id, tx.now) if overtaken else None
            steps.take(request, reversed_, repeated=not overtaken)
            continue
        so_far = drawn.get(account_id or "", Yen(0))
        verdict = issuer.ask(card, request.brand, request.amount, so_far, tx.now)
        pending = asked(payment_id, request.card_token, request.amount, account_id, tx.now)
        answered = steps.put(payment_id, record_answer(pending, verdict, agent, tx))
        if account_id is not None:
            drawn[account_id] = Yen(so_far + held(answered))
    await authorizations.save(tx.session, steps, locked=drawn)


def record_answer(pending: Authorization, verdict: Verdict, agent: Agent, tx: Transaction) -> Authorization:
    """The authorization after the verdict. An answer is published; a timer waits for one that comes late."""
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
