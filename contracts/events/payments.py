"""A payment's life: what 乙 and 丙 announce of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar

from contracts.events.event import Event, Id, PaymentYen, Repetition, Text
from contracts.vocabulary import Agent, Brand, DeclineReason, Method, ReceiptKind, Settler


class PaymentEvent(Event, frozen=True, kw_only=True):
    """An event in the life of one payment."""

    payment_id: Id

    @property
    def subject(self) -> str:
        return self.payment_id


# ---- 乙 payment_provider ---------------------------------------------------------------------------------


class SlipScanned(PaymentEvent, frozen=True, kw_only=True):
    """納付書読取: the app read a slip's barcode and opened a payment for it."""

    TYPE: ClassVar[str] = "sansha.payment_provider.slip_scanned.v1"
    slip_number: Text
    barcode: Text
    amount: PaymentYen
    scanned_at: datetime


class PaymentDeclined(PaymentEvent, frozen=True, kw_only=True):
    """支払不成立: the payment failed, no money was paid; the slip can be paid again."""

    TYPE: ClassVar[str] = "sansha.payment_provider.payment_declined.v1"
    method: Method
    reason: DeclineReason
    declined_at: datetime


class AgentRequest(PaymentEvent, frozen=True, kw_only=True):
    """A request to one card agent; ordered per card, so that its limit is used in that order."""

    agent: Agent
    card_token: Id

    @property
    def key(self) -> str:
        return self.card_token


class AuthorizationRequested(AgentRequest, frozen=True, kw_only=True):
    """与信照会依頼: the provider asks the agent to authorize this amount on this card."""

    TYPE: ClassVar[str] = "sansha.payment_provider.authorization_requested.v1"
    brand: Brand
    amount: PaymentYen
    requested_at: datetime


class ProxyPaymentRequested(AgentRequest, frozen=True, kw_only=True):
    """代理納付の委託: the payer entrusts the agent with the payment that the agent has approved."""

    TYPE: ClassVar[str] = "sansha.payment_provider.proxy_payment_requested.v1"
    amount: PaymentYen
    entrusted_at: datetime


class AuthorizationReversalRequested(AgentRequest, frozen=True, kw_only=True):
    """与信取消依頼: the provider gave up the payment; any approval, given or still to come, must be reversed."""

    TYPE: ClassVar[str] = "sansha.payment_provider.authorization_reversal_requested.v1"
    reason: DeclineReason
    requested_at: datetime


class ReceiptDelivered(PaymentEvent, frozen=True, kw_only=True):
    """収納データ: a preliminary (速報), confirmed (確報) or cancelled (速報取消) record, one of a kind per payment."""

    TYPE: ClassVar[str] = "sansha.payment_provider.receipt_delivered.v1"
    kind: ReceiptKind
    slip_number: Text
    barcode: Text
    amount: PaymentYen
    method: Method
    settler: Settler
    paid_at: datetime
    """領収日: when the payer received the confirmation of payment."""
    received_on: date
    """収納日: the date under which the collection centre books it."""
    delivered_at: datetime
    """データ作成日時: when this record was created."""
    repetition: Repetition = 0
    """0 for the first record of its kind; from 1 for each further one that the collection centre sends (二重送信)."""

    @property
    def natural_key(self) -> tuple[str, ...]:
        record = (self.payment_id, self.kind.value)
        return (*record, str(self.repetition)) if self.repetition else record


# ---- 丙 card_agent ---------------------------------------------------------------------------------------


class AuthorizationApproved(PaymentEvent, frozen=True, kw_only=True):
    """与信承認: the card company approved; the amount is held against the card's limit."""

    TYPE: ClassVar[str] = "sansha.card_agent.authorization_approved.v1"
    agent: Agent
    amount: PaymentYen
    approval_code: Id
    approved_at: datetime


class AuthorizationDeclined(PaymentEvent, frozen=True, kw_only=True):
    """与信否認: the card company declined, with its reason."""

    TYPE: ClassVar[str] = "sansha.card_agent.authorization_declined.v1"
    agent: Agent
    reason: DeclineReason
    declined_at: datetime


class AuthorizationReversed(PaymentEvent, frozen=True, kw_only=True):
    """与信取消: the hold for this payment is released, and none will be made later."""

    TYPE: ClassVar[str] = "sansha.card_agent.authorization_reversed.v1"
    agent: Agent
    reversed_at: datetime


class ProxyPaymentAccepted(PaymentEvent, frozen=True, kw_only=True):
    """代理納付の引受: the agent owes the ward this amount from now on."""

    TYPE: ClassVar[str] = "sansha.card_agent.proxy_payment_accepted.v1"
    FORMER_TYPES: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "sansha.card_agent.proxy_payment_taken_on.v1": {
            "taken_on_at": "accepted_at",
            "named_day": "designated_date",
        }
    }
    agent: Agent
    amount: PaymentYen
    accepted_at: datetime
    closes_on: date
    """締日: the closing that will count it."""
    deposit_on: date
    """入金予定日: the day on which the closing's total is to reach the ward's account."""
    designated_date: date | None = None
    """指定日: the deposit must arrive by this day for the payment to count as made when it was entrusted."""


class ProxyPaymentWithdrawn(PaymentEvent, frozen=True, kw_only=True):
    """代理納付の取下げ: the card company revoked the sale before the closing; the agent owes nothing for it."""

    TYPE: ClassVar[str] = "sansha.card_agent.proxy_payment_withdrawn.v1"
    agent: Agent
    amount: PaymentYen
    withdrawn_at: datetime
