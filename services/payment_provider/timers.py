"""The payment provider's timers: messages to itself, due at a time. They are private, no part of the contract."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from contracts.events import Event, PaymentEvent


class AuthorizationOverdue(PaymentEvent, frozen=True, kw_only=True):
    """与信照会タイムアウト: the agent has not answered in time."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.authorization_overdue"


class BankAnswered(PaymentEvent, frozen=True, kw_only=True):
    """金融機関応答: the simulated bank of the payer answers."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_answered"


class BankReversed(PaymentEvent, frozen=True, kw_only=True):
    """金融機関取消: the simulated bank cancels its approval."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_reversed"


class PreliminaryDue(PaymentEvent, frozen=True, kw_only=True):
    """速報作成: the preliminary receipt record is to be made."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.preliminary_due"


class ConfirmationDue(PaymentEvent, frozen=True, kw_only=True):
    """確報作成: the confirmed receipt record is to be made."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.confirmation_due"


class CancellationDue(PaymentEvent, frozen=True, kw_only=True):
    """異常: 取消 of a payment that stands is to be sent."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.cancellation_due"


class ReceiptFileExpired(Event, frozen=True, kw_only=True):
    """消去: the retention of the content of a day's receipt files has ended."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.receipt_file_expired"
    day: date

    @property
    def subject(self) -> str:
        return self.day.isoformat()


class NetworkTimer(Event, frozen=True, kw_only=True):
    """A timer about one closing of a network. The types say "bank", which was the only network when they were named."""

    statement_id: str

    @property
    def subject(self) -> str:
        return self.statement_id


class NetworkClosingDue(NetworkTimer, frozen=True, kw_only=True):
    """締め: the period's payments are to be totalled."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_closing_due"


class NetworkDepositDue(NetworkTimer, frozen=True, kw_only=True):
    """入金: the period's total is to be paid into the ward's account."""

    TYPE: ClassVar[str] = "sansha.payment_provider.timer.bank_deposit_due"
