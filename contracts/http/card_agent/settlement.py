"""丙: the agent's terms, and the withdrawal of a proxy payment."""

from __future__ import annotations

from contracts.http.bodies import (
    Body,
    PaymentIdText,
)
from contracts.vocabulary import Agent, Brand


class WithdrawalAnswer(Body):
    payment_id: PaymentIdText
    status: str


class TermsView(Body):
    """A card agent's terms of settlement (精算条件)."""

    agent: Agent
    brands: tuple[Brand, ...]
    closing_days: str
    deposit_business_days: int
    holiday_shift: str
    fee_basis: str
    fee_per_mille: int
    deposit_split: str
    designated_date_rule: str
    designated_date_business_days: int
