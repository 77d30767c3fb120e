"""The simulated clock, which the console owns."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from contracts.events.event import ChangeNumber, Event, Rate


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
