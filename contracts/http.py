"""HTTP bodies of the three parties. Amounts are whole yen; instants are RFC 3339, dates ISO 8601.

A refusal is answered as a `Problem` (`problems.py`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from contracts.vocabulary import Agent, Brand, ChargeType, DeclineReason, Method, Settler

PaymentIdText = Annotated[str, Field(examples=["1a28d8ac-6bb6-8051-9532-c132e97fdadf"])]
ConsentIdText = Annotated[str, Field(examples=["01a20a64-1e5d-7e0f-9fce-98fea281937d"])]
TokenText = Annotated[str, Field(examples=["5ebfd2cb-85d5-80cf-9e49-3e7c93f3bfb9"])]
SlipNumberText = Annotated[str, Field(examples=["001044103000123450100"])]
BarcodeText = Annotated[str, Field(examples=["91912345001044103000123450100021080200085001"])]
YenAmount = Annotated[int, Field(examples=[8_500])]
InstantOfTime = Annotated[datetime, Field(examples=["2021-07-01T01:00:00Z"])]


class Body(BaseModel):
    """A body: unknown fields in requests are an error, so that a typing mistake does not pass unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# ---- 乙 payment_provider ---------------------------------------------------------------------------------


class ConsentRequest(Body):
    """利用規約への同意: using the app counts as consent."""

    app_user: Annotated[str, Field(min_length=1, max_length=64, examples=["user-0001"])]
    terms_version: Annotated[str, Field(examples=["2021-04"])]


class ConsentAnswer(Body):
    consent_id: ConsentIdText
    terms_version: str
    consented_at: InstantOfTime


class ScanRequest(Body):
    """バーコード読取: what the scanner gave, under a consent."""

    barcode: Annotated[str, Field(max_length=200, examples=["91912345001044103000123450100021080200085001"])]
    consent_id: ConsentIdText


class CardChoiceRequest(Body):
    """Pay by card: the token that the card agent gave for it, never the number, which is refused in its place."""

    agent: Agent
    card_token: Annotated[str, Field(max_length=64, pattern=r"[A-Za-z]|^.{32,}$")]
    brand: Brand
    last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class CardChoice(CardChoiceRequest):
    """The same, for one payment."""

    payment_id: PaymentIdText


class BankChoiceRequest(Body):
    """Pay by internet banking. `bank_code` names the payer's bank; test banks choose what it answers."""

    bank_code: Annotated[str, Field(pattern=r"^[0-9]{4}$", examples=["0001"])] = "0001"


class BankChoice(BankChoiceRequest):
    """The same, for one payment."""

    payment_id: PaymentIdText


class PaymentView(Body):
    """A payment as the provider sees it."""

    payment_id: PaymentIdText
    slip_number: SlipNumberText
    amount: YenAmount
    status: Annotated[str, Field(examples=["confirmed"])]
    method: Method | None = None
    agent: Agent | None = None
    brand: Brand | None = None
    last4: str | None = None
    system_fee: int | None = None
    """Borne by the payer on cards; not ward income."""
    decline_reason: DeclineReason | None = None
    scanned_at: InstantOfTime


class TestBank(Body):
    """A published bank code that chooses its answer."""

    bank_code: str
    story: str


class CardRoute(Body):
    """Which agent takes cards of which brands."""

    agent: Agent
    brands: tuple[Brand, ...]


# ---- 丙 card_agent ---------------------------------------------------------------------------------------


class CardTokenRequest(Body):
    """カード番号入力: typed to the card agent alone; it keeps no number (非保持化)."""

    number: Annotated[SecretStr, Field(examples=["4000000000000002"])]
    expiry: Annotated[str, Field(examples=["12/27"])]
    """MM/YY"""


class CardTokenAnswer(Body):
    agent: Agent
    card_token: TokenText
    brand: Brand
    last4: Annotated[str, Field(examples=["0002"])]


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


class TestCard(Body):
    """A published card number that chooses its outcome."""

    number: str
    brand: Brand
    outcome: str
    story: str


# ---- 甲 ward ---------------------------------------------------------------------------------------------


class Assessment(Body):
    """賦課: what one insured person owes for one levy year and charge type (科目); issued as instalment slips."""

    insured_number: Annotated[str, Field(pattern=r"^[0-9]{10}$", examples=["0000000123"])]
    levy_year: Annotated[int, Field(ge=2000, le=2098, examples=[2021])]
    annual_amount: Annotated[int, Field(gt=0, le=9_999_999, examples=[74_400])]
    charge_type: ChargeType = ChargeType.CARE_INSURANCE


class AssessmentsRequest(Body):
    assessments: Annotated[tuple[Assessment, ...], Field(min_length=1, max_length=10_000)]


class AssessmentsAnswer(Body):
    slips_issued: int
    amount_levied: int


class SlipRequest(Body):
    """One slip outside the instalment calendar (随時)."""

    insured_number: Annotated[str, Field(pattern=r"^[0-9]{10}$")]
    amount: Annotated[int, Field(gt=0, le=9_999_999)]
    due_on: date
    charge_type: ChargeType = ChargeType.CARE_INSURANCE


class SlipView(Body):
    """納付書. `barcode` is None above ¥300,000, where none is printed."""

    slip_number: SlipNumberText
    charge_type: ChargeType = ChargeType.CARE_INSURANCE
    insured_number: str
    levy_year: int
    instalment: int
    amount: YenAmount
    due_on: date
    use_by: date | None
    barcode: BarcodeText | None
    human_readable: str | None
    outstanding: int
    reissue: int = 0
    """再発行区分: how often it was printed anew."""


class ReissueRequest(Body):
    """再発行: the paper printed anew, for the same debt."""

    slip_number: SlipNumberText


class ConcernedPayment(Body):
    """A payment that does not agree: what a statement says of it, and what is registered; None where nothing is."""

    payment_id: PaymentIdText
    code: Annotated[str, Field(examples=["receipt_missing"])]
    stated: int | None = None
    registered: int | None = None


class OpenItem(Body):
    """Something that is not yet settled, and why. `codes` name each reason and stay the same over versions."""

    kind: str
    subject: str
    settler: Settler | None = None
    amount: YenAmount
    since: date
    because: str
    codes: tuple[str, ...] = ()
    difference: int | None = None
    """What is open between deposits and statement, in yen: below 0 for too little."""
    payments: tuple[ConcernedPayment, ...] = ()


# ---- every party -----------------------------------------------------------------------------------------


class Step(Body):
    """One thing that happened to a payment at one party."""

    event: str
    """The standard term, Japanese beside English."""
    party: str
    at: InstantOfTime
    stage: int
    """Place in the flow of a payment (`contracts.vocabulary.Stage`): orders steps of one instant."""
    detail: str = ""


class Waiting(Body):
    """What happens next, when, and by which rule or setting."""

    waits_for: str
    until: datetime | None
    because: str


class Explanation(Body):
    """One party's part of a payment's story."""

    payment_id: PaymentIdText
    party: str
    steps: tuple[Step, ...]
    waiting: Waiting | None = None


class ServiceStatus(Body):
    """What the clock's owner asks before it moves the clock, and an operator to see what is behind."""

    principal: str
    now: datetime
    seed: int | None = None
    """What ids follow from in simulation; None where they are random."""
    clock_rate: float
    outbox_due: int
    next_due_at: datetime | None
    dead_letters: int
    lag: dict[str, int]


class Environment(Body):
    """What a service runs on, and what it waits for before it calls something done."""

    principal: str
    python: str
    machine: str
    processors: int
    database: dict[str, str]
    bus: str


class DeadLetterView(Body):
    """An event set aside. `value` is its JSON where it is JSON, else its text."""

    id: str
    event_type: str
    topic: str
    partition: int
    offset: int
    reason: str
    attempts: int
    failed_at: InstantOfTime
    value: Any


class ReplayRequest(Body):
    """Handle a dead letter again, with a mended value where one is given."""

    value: dict[str, Any] | None = None
