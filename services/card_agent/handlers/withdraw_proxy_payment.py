"""代理納付の取下げ: the card company revokes the sale (売上取消) before its closing is issued."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from contracts.events import ProxyPaymentWithdrawn
from contracts.http.card_agent.payments import WithdrawalAnswer, WithdrawalRequest
from contracts.vocabulary import Agent, Refusal
from services.card_agent import store
from services.card_agent.domain.authorization import Authorization, AuthorizationStatus, miss_withdrawal, withdraw
from services.card_agent.timers import WithdrawalDue
from services.chassis.transaction import Transaction


async def withdraw_payments(
    requests: Sequence[WithdrawalRequest], tx: Transaction, *, agent: Agent
) -> Sequence[WithdrawalAnswer | Refusal]:
    """By hand. A payment withdrawn before is answered the same again."""
    ids = [r.payment_id for r in requests]
    known = await _lock(ids, tx)
    outcomes = await _withdraw(known, tx, agent)
    return [_answered(payment_id, outcomes.get(payment_id)) for payment_id in ids]


async def withdraw_revoked(due: Sequence[WithdrawalDue], tx: Transaction, *, agent: Agent) -> None:
    """By the simulated card company. Where it comes too late that is noted, and the deposit is made as stated."""
    known = await _lock({timer.payment_id for timer in due}, tx)
    outcomes = await _withdraw(known, tx, agent)
    missed = {
        payment_id: miss_withdrawal(known[payment_id], tx.now)
        for payment_id, outcome in outcomes.items()
        if isinstance(outcome, Refusal)
    }
    await store.save(tx.session, known, missed)


async def _lock(payment_ids: Collection[str], tx: Transaction) -> Mapping[str, Authorization]:
    """The authorizations, and before them the closings that count them, which then cannot be issued meanwhile."""
    seen = await store.find(tx.session, payment_ids)
    await store.lock_closings(tx.session, {a.closes_on for a in seen.values() if a.closes_on is not None})
    return await store.lock(tx.session, payment_ids)


async def _withdraw(
    known: Mapping[str, Authorization], tx: Transaction, agent: Agent
) -> Mapping[str, Authorization | Refusal]:
    closings = await store.lock_closings(tx.session, {a.closes_on for a in known.values() if a.closes_on is not None})
    issued = {day for day, closing in closings.items() if closing.issued_at is not None}
    outcomes = {payment_id: withdraw(a, a.closes_on in issued, tx.now) for payment_id, a in known.items()}
    withdrawn = {payment_id: a for payment_id, a in outcomes.items() if isinstance(a, Authorization)}
    for payment_id, a in withdrawn.items():
        if known[payment_id].status is not AuthorizationStatus.WITHDRAWN:
            tx.publish(ProxyPaymentWithdrawn(payment_id=payment_id, agent=agent, amount=a.amount, withdrawn_at=tx.now))
    await store.save(tx.session, known, withdrawn)
    return outcomes


def _answered(payment_id: str, outcome: Authorization | Refusal | None) -> WithdrawalAnswer | Refusal:
    if outcome is None:
        return unknown_payment(payment_id)
    if isinstance(outcome, Refusal):
        return outcome
    return WithdrawalAnswer(payment_id=payment_id, status=outcome.status.value)


def unknown_payment(payment_id: str) -> Refusal:
    """This agent was never asked about it."""
    return Refusal(
        "payment_unknown", f"this agent knows no payment {payment_id}", "ask the payment provider which agent has it"
    )
