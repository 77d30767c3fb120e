"""What a card agent shows: a payment, a statement, its terms, its test cards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from contracts.http.bodies import Body
from contracts.http.card_agent.cards import TestCard
from contracts.http.card_agent.settlement import TermsView
from contracts.vocabulary import Agent, Brand, DeclineReason
from services.card_agent.behaviour import DEFAULT_BUSINESS_DAYS, DEFAULT_YEN, AnomalyKind, PublishedCard
from services.card_agent.domain.authorization import Authorization
from services.card_agent.domain.issuer import Card
from services.card_agent.domain.terms import Terms
from services.card_agent.store import Closing, Deposit, KeptAnomaly


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


class DepositView(Body):
    """A transfer to the ward (振込): what the agent believes of it, and what was done. None paid: it was not made."""

    deposit_id: str
    name: str
    believed: int
    believed_on: date
    paid: int
    paid_on: date | None
    account: str


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
    deposited_on: date | None = None
    designated_date: date
    deposits: tuple[DepositView, ...] = ()


class AnomalyRequest(Body):
    """異常 for a closing: the next one that is not issued unless a day is named."""

    kind: AnomalyKind
    closed_on: date | None = None
    yen: Annotated[int, Field(gt=0, le=1_000_000_000)] = DEFAULT_YEN
    """How much too little or too much; what an unknown payment is of."""
    business_days: Annotated[int, Field(gt=0, le=250)] = DEFAULT_BUSINESS_DAYS
    """How late a deposit is, in bank business days."""
    payment_id: Annotated[str | None, Field(max_length=64)] = None
    """Which payment is left out or omitted; the first of the closing unless it is named."""


class AnomalyView(Body):
    """An anomaly, and the payment that it met: none before its closing is issued, or where it concerns the deposit."""

    kind: AnomalyKind
    closed_on: date
    yen: int
    business_days: int
    payment_id: str | None
    asked_at: datetime
    met_payment_id: str | None
    met_yen: int
    corrected_at: datetime | None


class CorrectionRequest(Body):
    """精算訂正 of one statement."""

    statement_id: str


class CorrectionAnswer(Body):
    """What was deposited in addition, in yen, and the payments that count for the next closing now."""

    statement_id: str
    deposited: int
    carried_over: tuple[str, ...]


def anomaly_view(kept: KeptAnomaly) -> AnomalyView:
    """An anomaly as it was asked for, and what became of it."""
    return AnomalyView(
        kind=kept.asked.kind,
        closed_on=kept.closed_on,
        yen=kept.asked.yen,
        business_days=kept.asked.business_days,
        payment_id=kept.asked.payment_id,
        asked_at=kept.asked_at,
        met_payment_id=kept.met_payment_id,
        met_yen=kept.met_yen,
        corrected_at=kept.corrected_at,
    )


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


def statement_view(closing: Closing, deposits: Sequence[Deposit], terms: Terms, agent: Agent) -> StatementView:
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
        deposited_on=closing.deposited_on,
        designated_date=terms.designated_date(closing.deposit_on),
        deposits=tuple(
            DepositView(**{name: getattr(deposit, name) for name in DepositView.model_fields}) for deposit in deposits
        ),
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
        deposit_split=agreed.deposit_split.value,
        designated_date_rule=agreed.designated_date_rule.value,
        designated_date_business_days=agreed.designated_date_business_days,
    )


def test_card_view(card: PublishedCard) -> TestCard:
    """A published card; its number is nobody's."""
    return TestCard(number=card.number, brand=card.brand, outcome=card.outcome.value, story=card.story)


def _state(closing: Closing) -> str:
    if closing.deposited_on is not None:
        return "deposited"
    if closing.issued_at is None:
        return "open"
    return "issued" if closing.count else "empty"
