"""カード会社応答: the card company answers late; an approval of a payment given up meanwhile is undone."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.events import AuthorizationReversed
from contracts.vocabulary import Agent, Yen
from services.card_agent.domain.authorization import AuthorizationStatus, held, undo
from services.card_agent.domain.issuer import Issuer
from services.card_agent.handlers.authorize_card import record_answer
from services.card_agent.store import authorizations, cards
from services.card_agent.timers import IssuerAnswered
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction


async def record_late_answers(
    answers: Sequence[IssuerAnswered], tx: Transaction, *, agent: Agent, issuer: Issuer
) -> None:
    """Approved or declined as at any other time, unless a reversal came first: then nothing is ever held."""
    steps = Steps(await authorizations.lock(tx.session, subjects(answers)), tx)
    known_cards, drawn = await cards.lock_accounts(tx.session, {a.card_token for a in steps.values()})
    for timer in answers:
        pending = steps[timer.payment_id]
        if pending.status is not AuthorizationStatus.PENDING:
            continue
        if pending.reversal_asked_at is not None:
            steps.take(timer, undo(pending, tx.now))
            tx.publish(AuthorizationReversed(payment_id=pending.payment_id, agent=agent, reversed_at=tx.now))
            continue
        card = known_cards[pending.card_token]
        verdict = issuer.answer(card, pending.amount, drawn[card.account_id], tx.now)
        answered = steps.put(timer.payment_id, record_answer(pending, verdict, agent, tx))
        drawn[card.account_id] = Yen(drawn[card.account_id] + held(answered))
    await authorizations.save(tx.session, steps, locked=drawn)
