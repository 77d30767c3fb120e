"""Moves the clock of a stack: from due time to due time, and only when nothing is under way.

Nothing is under way when, twice in a row with the same ends of the log, every party answers with the current time,
has no outbox row that is due, and has committed all that its topics hold. When that does not come about, the
advance stops and names what blocks it; nothing is lost, and it may be asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from contracts import topics
from contracts.http import ServiceStatus
from services.chassis.bus.port import EventBus, Offsets
from services.chassis.clock import Clock, monotonic, pause, real_now
from services.chassis.clock_topic import ClockAnnouncer

POLL_SECONDS = 0.01


class Parties(Protocol):
    """Whoever must be at rest before time moves."""

    async def statuses(self) -> Mapping[str, ServiceStatus | None]:
        """By principal; None for one that does not answer."""


class ClockBlocked(Exception):
    """Time cannot go on; the text names who has not finished what."""


class ClockAuthority:
    """The one owner of a stack's clock."""

    def __init__(self, bus: EventBus, clock: Clock, announcer: ClockAnnouncer, parties: Parties) -> None:
        self._bus, self._clock, self._announcer, self._parties = bus, clock, announcer, parties
        self._topics = [t.name for t in topics.TOPICS]
        self._turn = asyncio.Lock()

    def now(self) -> datetime:
        return self._clock.now()

    async def advance(
        self,
        to: datetime,
        patience_seconds: float = 60.0,
        progress: Callable[[datetime], Awaitable[None]] | None = None,
    ) -> datetime:
        """Move a stepped clock to `to`, stopping at every due time; returns the time then.

        A time that has passed changes nothing, so the same request may be sent twice. Raises `ClockBlocked` after
        `patience_seconds` at one instant, `ValueError` for a clock that runs by itself.
        """
        if not self._clock.is_stepped:
            raise ValueError("this clock runs by itself; only a stepped clock is advanced (sansha up --clock stepped)")
        async with self._turn:
            while to >= self._clock.now():
                due = await self.rest(patience_seconds)
                at = to if due is None else min(max(due, self._clock.now()), to)
                if at > self._clock.now():
                    await self._announcer.step_to(at, real_now())
                if due is None or due > to:
                    await self.rest(patience_seconds)
                    break
                if progress is not None:
                    await progress(at)
            return self._clock.now()

    async def rest(self, patience_seconds: float) -> datetime | None:
        """Wait until nothing is under way; returns when the next timer of any party is due."""
        deadline = monotonic() + patience_seconds
        before: Offsets | None = None
        while True:
            statuses = await self._parties.statuses()
            ends = dict(await self._bus.end_offsets(self._topics))
            blockers = [b for name, status in statuses.items() for b in self._blockers(name, status)]
            if not blockers and ends == before:
                return min((s.next_due_at for s in statuses.values() if s and s.next_due_at), default=None)
            before = None if blockers else ends
            if monotonic() > deadline:
                raise ClockBlocked(f"the clock waits at {self._clock.now().isoformat()}: {'; '.join(blockers)}")
            if blockers:
                await pause(POLL_SECONDS)

    def _blockers(self, name: str, status: ServiceStatus | None) -> Sequence[str]:
        if status is None:
            return [f"{name} does not answer"]
        found = []
        if status.now != self._clock.now():
            found.append(f"{name} has not taken the time yet (it shows {status.now.isoformat()})")
        if status.outbox_due:
            found.append(f"{name} has {status.outbox_due} outbox rows to send")
        found += [f"{name} has {n} events of {topic} to handle" for topic, n in status.lag.items() if n]
        return found
