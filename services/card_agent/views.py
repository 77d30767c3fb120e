"""What HTTP shows of a payment, a statement and its deposits, terms, test cards and anomalies."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.http.card_agent.anomalies import SettlementAnomalyView
from contracts.http.card_agent.cards import TestCard
from contracts.http.card_agent.payments import AuthorizationView
from contracts.http.card_agent.settlement import SentDepositView, StatementView, TermsView
from contracts.vocabulary import Agent
from services.card_agent.behaviour import AskedAnomaly, PublishedCard
from services.card_agent.domain.authorization import Authorization
from services.card_agent.domain.issuer import Card
from services.card_agent.domain.settlement import Closing, Deposit
from services.card_agent.domain.terms import Terms


def anomaly_view(asked: AskedAnomaly) -> SettlementAnomalyView:
    return SettlementAnomalyView.model_validate(asked, from_attributes=True)


def authorization_view(a: Authorization, card: Card | None, closing: Closing | None, agent: Agent) -> AuthorizationView:
    return AuthorizationView(
        payment_id=a.payment_id,
        agent=agent,
        amount=a.amount,
        status=a.status.value,
        brand=card.brand if card else None,
        last4=card.last4 if card else None,
        decline_reason=a.decline_reason,
        approval_code=a.approval_code,
        asked_at=a.asked_at,
        closes_on=a.closes_on,
        deposit_on=closing.deposit_on if closing else None,
        deposited_on=closing.deposited_on if closing and a.deposited_at else None,
    )


def statement_view(closing: Closing, deposits: Sequence[Deposit], terms: Terms, agent: Agent) -> StatementView:
    """A closing, issued or not; the figures of an open one are 0."""
    return StatementView(
        statement_id=closing.statement_id,
        agent=agent,
        closed_on=closing.closed_on,
        deposit_on=closing.deposit_on,
        state=_state(closing),
        payments=closing.count,
        amount=closing.amount,
        fee=closing.fee,
        issued_at=closing.issued_at,
        deposited_on=closing.deposited_on,
        designated_date=terms.designated_date(closing.deposit_on),
        deposits=tuple(map(_deposit_view, deposits)),
    )


def _deposit_view(deposit: Deposit) -> SentDepositView:
    return SentDepositView(**{name: getattr(deposit, name) for name in SentDepositView.model_fields})


def terms_view(terms: Terms, agent: Agent) -> TermsView:
    """The terms in force."""
    agreed = terms.agreed
    return TermsView(
        agent=agent,
        brands=agreed.brands,
        closing_days=agreed.closing_days,
        deposit_business_days=agreed.deposit_business_days,
        holiday_shift=agreed.holiday_shift.value,
        fee_basis=agreed.fee_basis.value,
        fee_per_mille=agreed.fee_per_mille,
        deposit_split=agreed.deposit_split.value,
        designated_date_rule=agreed.designated_date_rule.value,
        designated_date_business_days=agreed.designated_date_business_days,
    )


def test_card_view(card: PublishedCard) -> TestCard:
    """A published test card. Its number belongs to no real card."""
    return TestCard(number=card.number, brand=card.brand, outcome=card.outcome.value, story=card.story)


def _state(closing: Closing) -> str:
    if closing.deposited_on is not None:
        return "deposited"
    if closing.issued_at is None:
        return "open"
    return "issued" if closing.count else "empty"
