"""The ward's own timers: messages to itself, due at a time. Private: they are no part of the contract."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from contracts.events import Event
from contracts.vocabulary import Settler


class StatementTimer(Event, frozen=True, kw_only=True):
    """A timer about one closing statement."""

    statement_id: str
    cause: str
    """What calls for it: there may be several for a statement, when its day has come and whenever something changes."""

    @property
    def subject(self) -> str:
        return self.statement_id

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.statement_id, self.cause)


class DepositExpected(StatementTimer, frozen=True, kw_only=True):
    """入金予定: by now the statement's deposit should have come."""

    TYPE: ClassVar[str] = "sansha.ward.timer.deposit_expected"


class DeemingReview(StatementTimer, frozen=True, kw_only=True):
    """指定日経過: do the statement's payments still count as made, or again?"""

    TYPE: ClassVar[str] = "sansha.ward.timer.deeming_review"


class StatementsExpected(Event, frozen=True, kw_only=True):
    """明細予定: by now every receipt of a month should be on a statement of its settler."""

    TYPE: ClassVar[str] = "sansha.ward.timer.statements_expected"
    settler: Settler
    month: date
    """Its first day."""

    @property
    def subject(self) -> str:
        return f"{self.settler.value}/{self.month:%Y-%m}"
