"""The ward's timers: messages to itself, due at a time. They are no part of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from contracts.events import Event
from contracts.vocabulary import Settler


class RemindersDue(Event, frozen=True, kw_only=True):
    """督促: a page of the reminders of a day is due."""

    TYPE: ClassVar[str] = "sansha.ward.timer.reminders_due"
    remind_on: date
    page: int

    @property
    def subject(self) -> str:
        return f"{self.remind_on}/{self.page}"


class SlipBalanceChanged(Event, frozen=True, kw_only=True):
    """過誤納・取消: `cause` has changed the overpayment of a slip, or revived its debt."""

    TYPE: ClassVar[str] = "sansha.ward.timer.slip_balance_changed"
    FORMER_TYPES: ClassVar[Mapping[str, Mapping[str, str]]] = {"sansha.ward.timer.slip_upset": {}}
    SUBJECT_IS_PERSONAL: ClassVar[bool] = True
    slip_number: str
    cause: str

    @property
    def subject(self) -> str:
        return f"{self.slip_number}/{self.cause}"


class OverpaymentDue(Event, frozen=True, kw_only=True):
    """充当・還付: `step` of a slip's overpayment is due, a decision or a refund."""

    TYPE: ClassVar[str] = "sansha.ward.timer.overpayment_due"
    SUBJECT_IS_PERSONAL: ClassVar[bool] = True
    slip_number: str
    step: str

    @property
    def subject(self) -> str:
        return f"{self.slip_number}/{self.step}"


class StatementTimer(Event, frozen=True, kw_only=True):
    """A timer about one closing statement."""

    statement_id: str
    cause: str
    """What it was set for: a statement may have several, one for its day and one for each later change."""

    @property
    def subject(self) -> str:
        return self.statement_id

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.statement_id, self.cause)


class DepositExpected(StatementTimer, frozen=True, kw_only=True):
    """入金予定: the statement's deposit should have come by now."""

    TYPE: ClassVar[str] = "sansha.ward.timer.deposit_expected"


class DeemingReview(StatementTimer, frozen=True, kw_only=True):
    """指定日経過: review whether the statement's payments still count as made, or count again."""

    TYPE: ClassVar[str] = "sansha.ward.timer.deeming_review"


class StatementsExpected(Event, frozen=True, kw_only=True):
    """明細予定: every receipt of the month should be on a statement of its settler by now."""

    TYPE: ClassVar[str] = "sansha.ward.timer.statements_expected"
    settler: Settler
    month: date
    """Its first day."""

    @property
    def subject(self) -> str:
        return f"{self.settler.value}/{self.month:%Y-%m}"
