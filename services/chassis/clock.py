"""Time, passed in; with it, the machine's own time and the only way to sleep.

One formula serves every mode: simulated time = `simulated_at` + `rate` × (real time − `real_at`).
Rate 0 is a *stepped* clock (it moves only when set), 1 is real time, k is a *scaled* clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts.bounds import FASTEST_CLOCK, LAST_INSTANT, wrong_instant
from services.chassis.machine_time import monotonic as monotonic
from services.chassis.machine_time import real_now as real_now
from services.chassis.machine_time import real_time as real_time


async def pause(seconds: float) -> None:
    """Sleep in real time: for back-off between attempts, never to wait for an effect."""
    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a clock shows at a real instant, and how fast it runs. Instants given in another zone are held in UTC.

    Raises `ValueError` for a simulated time out of bounds, or a rate that no clock has.
    """

    simulated_at: datetime
    real_at: datetime
    rate: float

    def __post_init__(self) -> None:
        if self.rate != 1.0 and (wrong := wrong_instant(self.simulated_at)):
            raise ValueError(f"the clock cannot be set to {wrong}")
        if not 0.0 <= self.rate <= FASTEST_CLOCK:
            raise ValueError(f"a clock runs 0 to {FASTEST_CLOCK:,} times as fast as real time, not {self.rate}")
        object.__setattr__(self, "simulated_at", self.simulated_at.astimezone(UTC))
        object.__setattr__(self, "real_at", self.real_at.astimezone(UTC))


class Clock:
    """Simulated time. Calls its listeners when it is set."""

    def __init__(self, reading: ClockReading) -> None:
        self._reading = reading
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    def real(cls) -> Clock:
        now = real_now()
        return cls(ClockReading(now, now, 1.0))

    @classmethod
    def stepped(cls, at: datetime) -> Clock:
        return cls(ClockReading(at, real_now(), 0.0))

    @classmethod
    def scaled(cls, at: datetime, rate: float) -> Clock:
        """A clock on which `rate` simulated seconds pass per real second. Raises `ValueError` unless it is above 0."""
        if rate <= 0:
            raise ValueError(f"a scaled clock needs a rate above 0, not {rate}")
        return cls(ClockReading(at, real_now(), rate))

    @property
    def reading(self) -> ClockReading:
        return self._reading

    @property
    def is_stepped(self) -> bool:
        """Whether the clock moves only when it is set. A handler's `now` is then its message's time."""
        return self._reading.rate == 0.0

    def now(self) -> datetime:
        """The current simulated instant, in UTC. A clock that runs stops at the last instant of the contract."""
        r = self._reading
        if r.rate == 0.0:
            return r.simulated_at
        try:
            return min(r.simulated_at + (real_now() - r.real_at) * r.rate, LAST_INSTANT)
        except OverflowError:
            return LAST_INSTANT

    def set(self, reading: ClockReading) -> None:
        """Set the clock. Raises `ValueError` for a stepped clock that would go back."""
        if reading.rate == 0.0 and self.is_stepped and reading.simulated_at < self._reading.simulated_at:
            raise ValueError(
                f"the clock shows {self._reading.simulated_at}; it cannot go back to {reading.simulated_at}"
            )
        self._reading = reading
        for listener in self._listeners:
            listener()

    def step_to(self, at: datetime) -> None:
        """Set a stepped clock forward."""
        self.set(ClockReading(at, self._reading.real_at, 0.0))

    def real_seconds_until(self, at: datetime) -> float | None:
        """Real seconds until the clock shows `at`; None if it has to be set to get there."""
        ahead = at - self.now()
        if ahead <= timedelta(0):
            return 0.0
        if self._reading.rate == 0.0:
            return None
        return ahead.total_seconds() / self._reading.rate

    def on_set(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the clock is set."""
        self._listeners.append(listener)
