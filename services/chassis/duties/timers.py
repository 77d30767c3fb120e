"""Timers about protection: messages of a party to itself. They are private, no part of the contract."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from contracts.duties.duty import RecordKind
from contracts.events import Event


class YearOfDuties(Event, frozen=True, kw_only=True):
    """年度の計画: what is owed in a fiscal year is to be planned."""

    TYPE: ClassVar[str] = "sansha.duties.timer.year"
    fiscal_year: int

    @property
    def subject(self) -> str:
        return str(self.fiscal_year)


class DutyDue(Event, frozen=True, kw_only=True):
    """職員の作業: a record of this kind is to be made."""

    TYPE: ClassVar[str] = "sansha.duties.timer.due"
    make: RecordKind
    about: str
    """Id of the record to answer, or whom it concerns."""
    fiscal_year: int = 0
    """Of what is owed in each."""

    @property
    def subject(self) -> str:
        return f"{self.make}/{self.about}/{self.fiscal_year}"


class CheckpointDue(Event, frozen=True, kw_only=True):
    """照合点: a day on which somebody saw data of persons is over; its last entry is announced to the other party."""

    TYPE: ClassVar[str] = "sansha.duties.timer.checkpoint"
    on: date

    @property
    def subject(self) -> str:
        return str(self.on)
