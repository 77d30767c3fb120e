"""Published events: the messages between the parties.

Each is a frozen msgspec Struct with a versioned name (`TYPE`, the CloudEvents `type`). Events with the same `key` are
delivered in order; `subject` is the id of the thing it is about and correlates all events about it. A reader ignores
fields it does not know; a field is only ever added, with a default. Any other change is a new version under a new name.
Amounts are whole yen, instants UTC, dates those of Japan; all have bounds (`contracts.bounds`), which `Decoder` keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from contracts.bounds import (
    FASTEST_CLOCK,
    LONGEST_ID,
    MOST_OF_DEPOSIT,
    MOST_OF_PAYMENT,
    MOST_OF_STATEMENT,
    MOST_PAYMENTS,
    MOST_REPETITIONS,
)
from contracts.vocabulary import Agent, Brand, DeclineReason, Method, ReceiptKind, Settler, Yen

LINES_PER_PAGE = 500

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_ID)]
"""Without control characters: `cloudevents.Decoder` checks that, as a pattern here would cost too much."""
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_ID)]
PaymentYen = Annotated[Yen, msgspec.Meta(ge=0, le=MOST_OF_PAYMENT)]
DepositYen = Annotated[Yen, msgspec.Meta(ge=0, le=MOST_OF_DEPOSIT)]
TotalYen = Annotated[Yen, msgspec.Meta(ge=0, le=MOST_OF_STATEMENT)]
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_PAYMENTS)]
Page = Annotated[int, msgspec.Meta(ge=1, le=MOST_PAYMENTS)]
Repetition = Annotated[int, msgspec.Meta(ge=0, le=MOST_REPETITIONS)]
ChangeNumber = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Lines = Annotated[tuple["StatementLine", ...], msgspec.Meta(max_length=LINES_PER_PAGE)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=FASTEST_CLOCK)]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. `natural_key` identifies an event among those of its type; ids are derived from it."""

    TYPE: ClassVar[str]
    FORMER_TYPES: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """Types of earlier versions that are still read, each with its renamed fields: former name → current name."""

    @property
    def subject(self) -> str:
        """Id of the thing the event is about (a payment, a closing statement)."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Partition key: events with one key are delivered in order."""
        return self.subject

    @property
    def natural_key(self) -> tuple[str, ...]:
        """Identifies the event among those of its type."""
        return (self.subject,)


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


# ---- settlement: 丙 for cards, 乙 (for the networks of the other channels) for the rest -------------------


class StatementLine(msgspec.Struct, frozen=True, array_like=True):
    """One payment in a closing statement. The instants are None if no card agent pays on the payer's behalf."""

    payment_id: Id
    amount: DepositYen
    approved_at: datetime | None = None
    """承認日時: when the agent approved the payment."""
    entrusted_at: datetime | None = None
    """委託を受けた日時: when the payer entrusted the agent with it."""


class SettlementEvent(Event, frozen=True, kw_only=True):
    """An event about one settler's closing period."""

    statement_id: Id
    settler: Settler
    closed_on: date
    """締日"""

    @property
    def subject(self) -> str:
        return self.statement_id


class ClosingStatementIssued(SettlementEvent, frozen=True, kw_only=True):
    """締め明細: one page of the statement of a closing period. The totals are those of the whole statement."""

    TYPE: ClassVar[str] = "sansha.settlement.closing_statement_issued.v2"
    FORMER_TYPES: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "sansha.settlement.closing_statement_issued.v1": {"named_day": "designated_date"}
    }
    deposit_on: date
    total_count: Count
    total_amount: TotalYen
    fee: TotalYen
    """Yen deducted by the settler; 0 if it deposits gross."""
    page: Page
    """From 1."""
    pages: Page
    lines: Lines
    """At most `LINES_PER_PAGE`, to stay well below a broker's message limit."""
    designated_date: date | None = None
    """指定日 of the payments it lists; None if no card agent pays on the payer's behalf."""

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.statement_id, str(self.page))

    def paged(self) -> Sequence[ClosingStatementIssued]:
        """Split a whole statement into the pages to publish: each line once, in order; no page if it has no lines."""
        starts = range(0, len(self.lines), LINES_PER_PAGE)
        return [
            msgspec.structs.replace(self, page=n, pages=len(starts), lines=self.lines[start : start + LINES_PER_PAGE])
            for n, start in enumerate(starts, 1)
        ]


class DepositMade(SettlementEvent, frozen=True, kw_only=True):
    """入金: a deposit for a closing's total (less the fee); a closing may have several deposits."""

    TYPE: ClassVar[str] = "sansha.settlement.deposit_made.v1"
    deposit_id: Id
    amount: DepositYen
    deposited_on: date
    account: Text = ""
    """入金先口座 as bank-branch-type-number; empty for the account that the ward has designated."""

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.deposit_id,)


# ---- console ---------------------------------------------------------------------------------------------


class ClockSet(Event, frozen=True, kw_only=True):
    """The simulated clock was set: simulated time is `simulated_at + rate × (real time − real_at)`."""

    TYPE: ClassVar[str] = "sansha.console.clock_set.v1"
    sequence: ChangeNumber
    simulated_at: datetime
    real_at: datetime
    rate: Rate
    """0: a stepped clock; 1: real time; k: k times as fast."""

    @property
    def subject(self) -> str:
        return "clock"

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (str(self.sequence),)


EVENTS: tuple[type[Event], ...] = (
    SlipScanned,
    PaymentDeclined,
    AuthorizationRequested,
    ProxyPaymentRequested,
    AuthorizationReversalRequested,
    ReceiptDelivered,
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    ProxyPaymentAccepted,
    ProxyPaymentWithdrawn,
    ClosingStatementIssued,
    DepositMade,
    ClockSet,
)
"""Every published event type: the source of the schemas and of the readers' registry."""
