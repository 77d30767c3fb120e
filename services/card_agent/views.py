"""What a card agent shows: a payment, a statement, its terms, its test cards."""

from __future__ import annotations

from datetime import date, datetime

from contracts.http import Body, TermsView, TestCard
from contracts.vocabulary import Agent, Brand, DeclineReason
from services.card_agent.behaviour import PublishedCard
from services.card_agent.domain.authorization import Authorization
from services.card_agent.domain.issuer import Card
from services.card_agent.domain.terms import Terms
from services.card_agent.store import Closing


class AuthorizationView(Body):
    """A payment as its card agent sees it. Brand and digits are None where the card is unknown."""

    payment_id: str
    agent: Agent
    amount: int
    status: str
    brand: Brand | None = None
    last4: str | None = None
    decline_reason: DeclineReason | None = None
    approval_code: str | None = None
    asked_at: datetime | None = None
    closes_on: date | None = None
    deposit_on: date | None = None
    deposited_on: date | None = None


class StatementView(Body):
    """A closing period (締め) and its deposit (入金): `state` is open, issued, empty or deposited."""

    statement_id: str
    agent: Agent
    closed_on: date
    deposit_on: date
    state: str
    payments: int
    amount: int
    fee: int
    issued_at: datetime | None = None
    deposit_id: str | None = None
    deposited_on: date | None = None


def authorization_view(a: Authorization, card: Card | None, closing: Closing | None, agent: Agent) -> AuthorizationView:
    """The payment with its card and its closing, where it has them."""
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


def statement_view(closing: Closing, agent: Agent) -> StatementView:
    """A closing, issued or not; what an open one counts is not totalled yet."""
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
        deposit_id=closing.deposit_id,
        deposited_on=closing.deposited_on,
    )


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
    )


def test_card_view(card: PublishedCard) -> TestCard:
    """A published card; its number is nobody's."""
    return TestCard(number=card.number, brand=card.brand, outcome=card.outcome.value, story=card.story)


def _state(closing: Closing) -> str:
    if closing.deposit_id is not None:
        return "deposited"
    if closing.issued_at is None:
        return "open"
    return "issued" if closing.count else "empty"
