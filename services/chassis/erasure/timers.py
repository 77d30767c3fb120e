"""Timers of erasures: messages of a party to itself. They are private, no part of the contract."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from contracts.events import Event


class YearOfErasures(Event, frozen=True, kw_only=True):
    """年度の計画: the erasures of a fiscal year are to be planned."""

    TYPE: ClassVar[str] = "sansha.duties.timer.year_of_erasures"
    fiscal_year: int

    @property
    def subject(self) -> str:
        return str(self.fiscal_year)


class ErasureTimer(Event, frozen=True, kw_only=True):
    erasure_id: str

    @property
    def subject(self) -> str:
        return self.erasure_id


class ErasureDue(ErasureTimer, frozen=True, kw_only=True):
    """消去の期日: the rows are to be erased."""

    TYPE: ClassVar[str] = "sansha.duties.timer.erasure_due"
    due_on: date
    data_until: date
    number: int
    """From 1; a further one erases what was not settled before."""


class ErasureToFinish(ErasureTimer, frozen=True, kw_only=True):
    """消去の完了: what was deleted is to be removed from files and keys, and then certified."""

    TYPE: ClassVar[str] = "sansha.duties.timer.erasure_to_finish"
    certificate: int = 1
    """A certificate that the ward rejected is followed by a further one."""

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.erasure_id, str(self.certificate))
