"""A card agent's timers: messages to itself, due at a time. They are private, no part of the contract."""

from __future__ import annotations

from typing import ClassVar

from contracts.events import Event, PaymentEvent


class IssuerAnswered(PaymentEvent, frozen=True, kw_only=True):
    """カード会社応答: the simulated card company answers late."""

    TYPE: ClassVar[str] = "sansha.card_agent.timer.issuer_answered"


class WithdrawalDue(PaymentEvent, frozen=True, kw_only=True):
    """売上取消: the simulated card company revokes the sale."""

    TYPE: ClassVar[str] = "sansha.card_agent.timer.withdrawal_due"


class SettlementTimer(Event, frozen=True, kw_only=True):
    """A timer about one closing."""

    statement_id: str

    @property
    def subject(self) -> str:
        return self.statement_id


class ClosingDue(SettlementTimer, frozen=True, kw_only=True):
    """締め: the period is to be totalled."""

    TYPE: ClassVar[str] = "sansha.card_agent.timer.closing_due"


class DepositDue(SettlementTimer, frozen=True, kw_only=True):
    """入金: the statement's total is to be paid into the ward's account."""

    TYPE: ClassVar[str] = "sansha.card_agent.timer.deposit_due"


class TransferDue(Event, frozen=True, kw_only=True):
    """振込: a late deposit is to be made."""

    TYPE: ClassVar[str] = "sansha.card_agent.timer.transfer_due"
    statement_id: str
    deposit_id: str

    @property
    def subject(self) -> str:
        return self.deposit_id

    @property
    def key(self) -> str:
        return self.statement_id
