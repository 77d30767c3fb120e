"""The ward's own timers: messages to itself, due at a time. Private: they are no part of the contract."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from contracts.events import Event


class RemindersDue(Event, frozen=True, kw_only=True):
    """督促: a page of the reminders of a day is to be sent."""

    TYPE: ClassVar[str] = "sansha.ward.timer.reminders_due"
    remind_on: date
    page: int

    @property
    def subject(self) -> str:
        return f"{self.remind_on}/{self.page}"


class SlipUpset(Event, frozen=True, kw_only=True):
    """過誤納・取消: `cause` has made a slip overpaid, or less so, or owed again."""

    TYPE: ClassVar[str] = "sansha.ward.timer.slip_upset"
    slip_number: str
    cause: str

    @property
    def subject(self) -> str:
        return f"{self.slip_number}/{self.cause}"


class OverpaymentDue(Event, frozen=True, kw_only=True):
    """充当・還付: `step` of a slip's overpayment is due, a decision or a refund."""

    TYPE: ClassVar[str] = "sansha.ward.timer.overpayment_due"
    slip_number: str
    step: str

    @property
    def subject(self) -> str:
        return f"{self.slip_number}/{self.step}"
