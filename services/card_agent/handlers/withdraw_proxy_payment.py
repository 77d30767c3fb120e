"""代理納付の取下げ: the card company revokes the sale (売上取消) before its closing is issued."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from contracts.events import ProxyPaymentWithdrawn
from contracts.http.card_agent.payments import WithdrawalAnswer, WithdrawalRequest
from contracts.vocabulary import Agent, Refusal
from services.card_agent.domain.authorization import Authorization, AuthorizationStatus, miss_withdrawal, withdraw
from services.card_agent.store import authorizations, closings
from services.card_agent.timers import WithdrawalDue
from services.chassis.steps import Steps, subjects
from services.chassis.transaction import Transaction


async def withdraw_payments(
    requests: Sequence[WithdrawalRequest], tx: Transaction, *, agent: Agent
) -> Sequence[WithdrawalAnswer | Refusal]:
    """On request. A payment withdrawn before has the same answer again."""
    ids = [r.payment_id for r in requests]
    steps = await _lock(ids, tx)
    outcomes = await _withdraw(steps, tx, agent)
    await authorizations.save(tx.session, steps)
    return [_answered(payment_id, outcomes.get(payment_id)) for payment_id in ids]


async def withdraw_revoked(due: Sequence[WithdrawalDue], tx: Transaction, *, agent: Agent) -> None:
    """By the simulated card company. One that comes too late is noted, and the deposit is made as stated."""
    steps = await _lock(subjects(due), tx)
    for payment_id, outcome in (await _withdraw(steps, tx, agent)).items():
        if isinstance(outcome, Refusal):
            steps.put(payment_id, miss_withdrawal(steps[payment_id], tx.now))
    await authorizations.save(tx.session, steps)


async def _lock(payment_ids: Collection[str], tx: Transaction) -> Steps[Authorization]:
    """The authorizations, and before them the closings that count them, which cannot be issued meanwhile."""
    found = await authorizations.find(tx.session, payment_ids)
    await closings.lock(tx.session, _days(found.values()))
    return Steps(await authorizations.lock(tx.session, payment_ids), tx)


async def _withdraw(
    steps: Steps[Authorization], tx: Transaction, agent: Agent
) -> Mapping[str, Authorization | Refusal]:
    locked = await closings.lock(tx.session, _days(steps.values()))
    issued = {day for day, closing in locked.items() if closing.issued_at is not None}
    outcomes = {payment_id: withdraw(a, a.closes_on in issued, tx.now) for payment_id, a in steps.items()}
    for payment_id, a in outcomes.items():
        if isinstance(a, Authorization) and steps[payment_id].status is not AuthorizationStatus.WITHDRAWN:
            steps.put(payment_id, a)
            tx.publish(ProxyPaymentWithdrawn(payment_id=payment_id, agent=agent, amount=a.amount, withdrawn_at=tx.now))
    return outcomes


def _days(counted: Iterable[Authorization]) -> set[date]:
    return {a.closes_on for a in counted if a.closes_on is not None}


def _answered(payment_id: str, outcome: Authorization | Refusal | None) -> WithdrawalAnswer | Refusal:
    if outcome is None:
        return unknown_payment(payment_id)
    if isinstance(outcome, Refusal):
        return outcome
    return WithdrawalAnswer(payment_id=payment_id, status=outcome.status.value)


def unknown_payment(payment_id: str) -> Refusal:
    return Refusal(
        "payment_unknown", f"this agent knows no payment {payment_id}", "ask the payment provider which agent has it"
    )
