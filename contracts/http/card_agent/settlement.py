"""丙: the agent's terms of settlement (精算条件), its closing statements and its deposits."""

from __future__ import annotations

from datetime import date, datetime

from contracts.http.bodies import Body
from contracts.vocabulary import Agent, Brand


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


class SentDepositView(Body):
    """A transfer to the ward (振込): as in the agent's books (`believed`) and as made; `paid_on` null if it was not."""

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
    deposits: tuple[SentDepositView, ...] = ()
