"""カード会社応答: the card company answers late; what was given up meanwhile is undone."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationReversed
from contracts.vocabulary import Agent, Yen
from services.card_agent import store
from services.card_agent.domain.authorization import AuthorizationStatus, held, undo
from services.card_agent.domain.issuer import Issuer
from services.card_agent.handlers.authorize_card import take_answer
from services.card_agent.timers import IssuerAnswered
from services.chassis.transaction import Transaction


async def take_late_answers(
    answers: Sequence[IssuerAnswered], tx: Transaction, *, agent: Agent, issuer: Issuer
) -> None:
    """Approved or declined as at any other time, unless a reversal came first: then nothing is ever held."""
    before = await store.lock(tx.session, {a.payment_id for a in answers})
    cards, drawn = await store.lock_accounts(tx.session, {a.card_token for a in before.values()})
    after = dict(before)
    for timer in answers:
        pending = after[timer.payment_id]
        if pending.status is not AuthorizationStatus.PENDING:
            continue
        if pending.reversal_asked_at is not None:
            after[timer.payment_id] = undo(pending, tx.now)
            tx.publish(AuthorizationReversed(payment_id=pending.payment_id, agent=agent, reversed_at=tx.now))
            continue
        card = cards[pending.card_token]
        verdict = issuer.answer(card, pending.amount, drawn[card.account_id], tx.now)
        after[timer.payment_id] = take_answer(pending, verdict, agent, tx)
        drawn[card.account_id] = Yen(drawn[card.account_id] + held(after[timer.payment_id]))
    await store.save(tx.session, before, after, locked=drawn)
