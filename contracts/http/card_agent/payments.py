"""丙: a payment in its agent's records, and its withdrawal (取下げ)."""

from __future__ import annotations

from datetime import date, datetime

from contracts.http.bodies import Body, PaymentIdText
from contracts.vocabulary import Agent, Brand, DeclineReason


class AuthorizationView(Body):
    """A payment in its card agent's records. Brand and digits are null if the card is unknown."""

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


class WithdrawalRequest(Body):
    payment_id: PaymentIdText


class WithdrawalAnswer(Body):
    payment_id: PaymentIdText
    status: str
