"""The payment provider's own timers: messages to itself, due at a time. Private: they are no part of the contract."""

from __future__ import annotations

from typing import ClassVar

from contracts.events import Event, PaymentEvent


class AuthorizationOverdue(PaymentEvent, frozen=True, kw_only=True):
    """与信照会タイムアウト: the agent has not answered in time."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.authorization_overdue"


class BankAnswered(PaymentEvent, frozen=True, kw_only=True):
    """金融機関応答: the simulated bank of the payer answers."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_answered"


class BankReversed(PaymentEvent, frozen=True, kw_only=True):
    """金融機関取消: the simulated bank takes its approval back."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_reversed"


class ConfirmationDue(PaymentEvent, frozen=True, kw_only=True):
    """確報作成: the confirmed receipt record is to be made."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.confirmation_due"


class BankSettlementTimer(Event, frozen=True, kw_only=True):
    """A timer about one closing of the bank network."""

    statement_id: str

    @property
    def subject(self) -> str:
        return self.statement_id


class BankClosingDue(BankSettlementTimer, frozen=True, kw_only=True):
    """締め: the day's bank payments are to be totalled."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_closing_due"


class BankDepositDue(BankSettlementTimer, frozen=True, kw_only=True):
    """入金: the day's total is to be paid into the ward's account."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_deposit_due"
