"""A run: warm-up, then arrivals in an open loop, until the last is registered or nothing is registered any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from math import inf
from typing import Final, Protocol

from services.chassis.clock import monotonic, pause, real_now
from services.console.load.arrivals import Arrivals, Shape
from services.console.load.following import Follower
from services.console.load.recording import Moment, Recorder

SHORTEST_PAUSE, LONGEST_PAUSE = 0.001, 0.05
ONE_STOP_SECONDS: Final = 0.5
POLL_SPACING: Final = 2
"""The pause between two polls of the registered receipts: this many times the length of the last poll, and at least
`SHORTEST_POLL_PAUSE` seconds, for polling costs processor time too. A latency is overstated by up to that pause, never
understated."""
SHORTEST_POLL_PAUSE: Final = 0.002


@dataclass(frozen=True, slots=True)
class Schedule:
    """What to send, and when. Without arrivals: as fast as the ward registers."""

    count: int
    """Arrivals of the measured part."""
    arrivals: Arrivals | None = None
    warm_up_seconds: float = 5.0
    warm_up_count: int = 2_000
    """For a run without arrivals."""
    seconds: float | None = None
    """For a run without arrivals: its measured part ends after this time, however many are left."""
    patience_seconds: float = 30.0
    """The run is given up if nothing is registered for this long."""

    @property
    def warm_up(self) -> Arrivals | None:
        """Arrivals at the highest rate, from the start of the run to that of the measured part."""
        if self.arrivals is None or not self.warm_up_seconds:
            return None
        return Arrivals(Shape.CONSTANT, self.arrivals.rate, self.warm_up_seconds)

    @property
    def total(self) -> int:
        """Arrivals, warm-up included."""
        if self.arrivals is None:
            return self.warm_up_count + self.count
        return self.count + (self.warm_up.count if self.warm_up else 0)

    def times(self) -> Iterator[float]:
        """The intended times, in seconds since the run began; needs arrivals."""
        assert self.arrivals is not None
        before = self.warm_up.times() if self.warm_up else ()
        return chain(before, (self.warm_up_seconds + at for at in self.arrivals.times()))


class Watch:
    """Seconds since the run began, and the parties' clock at any such moment: it starts at `began_at` and advances
    `rate` seconds in each real one; 0 if it is stepped."""

    def __init__(self, began_at: datetime | None = None, rate: float = 1.0) -> None:
        self._began, self._began_at, self._rate = monotonic(), began_at or real_now(), rate

    def now(self) -> float:
        return monotonic() - self._began

    def moment(self, seconds: float) -> datetime:
        """The parties' time this many seconds after the run began."""
        return self._began_at + timedelta(seconds=seconds * self._rate)


class Workload(Protocol):
    """What is sent."""

    stages: Sequence[str]
    """The steps that it records."""
    at_once: int
    """The most arrivals in one call of `send`."""
    senders: int
    """The most calls of `send` at a time."""
    ahead: int
    """The most arrivals under way in a run without a rate: enough to keep the parties busy; more would only wait."""

    async def send(self, intended: Sequence[float]) -> None:
        """Send one arrival for each intended time (seconds since the run began). Returns once they are accepted."""

    async def observe(self) -> None:
        """Called before each poll of the registered receipts."""


OnMoment = Callable[[Moment], None]


class Run:
    """One run of a schedule. `stop` ends the arrivals early; receipts already sent are still awaited."""

    def __init__(
        self, schedule: Schedule, workload: Workload, follower: Follower, recorder: Recorder, watch: Watch
    ) -> None:
        self._schedule, self._workload, self._follower = schedule, workload, follower
        self._recorder, self._watch = recorder, watch
        self._sending = True
        self._stopped_at = 0.0
        self.was_stopped = self.gave_up = False

    def stop(self) -> None:
        """No further arrivals. A second call gives up the receipts still awaited.

        Calls within `ONE_STOP_SECONDS` count as one: a single Ctrl-C may reach the process twice, from the terminal and
        from its parent.
        """
        now = self._watch.now()
        if not self.was_stopped:
            self._stopped_at = now
        elif now - self._stopped_at > ONE_STOP_SECONDS:
            self.gave_up = True
        self.was_stopped = True

    async def execute(self, report: OnMoment = lambda _moment: None) -> None:
        """Returns once everything sent is registered or given up. Exceptions of sending or following are passed on."""
        if self._schedule.arrivals is not None:
            self._recorder.zero = self._schedule.warm_up_seconds
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._send())
            tasks.create_task(self._follow(report))

    async def _send(self) -> None:
        slots = asyncio.Semaphore(self._workload.senders)
        times = self._planned() if self._schedule.arrivals is not None else self._at_once()
        try:
            async with asyncio.TaskGroup() as tasks:
                async for together in times:
                    await slots.acquire()
                    self._recorder.was_sent(together, self._watch.now())
                    tasks.create_task(self._sent(together, slots))
        finally:
            self._sending = False

    async def _sent(self, together: Sequence[float], slots: asyncio.Semaphore) -> None:
        try:
            await self._workload.send(together)
        finally:
            slots.release()

    async def _planned(self) -> AsyncIterator[Sequence[float]]:
        """Arrivals as they fall due; late ones keep their intended time."""
        due: list[float] = []
        for at in self._schedule.times():
            if self.was_stopped:
                return
            if at > self._watch.now() or len(due) == self._workload.at_once:
                if due:
                    yield due
                    due = []
                if (early := at - self._watch.now()) > 0:
                    await pause(early)
            due.append(at)
        if due:
            yield due

    async def _at_once(self) -> AsyncIterator[Sequence[float]]:
        """The next arrivals as soon as enough of the last are registered; after the warm-up, once all of it is."""
        for part in (self._schedule.warm_up_count, self._schedule.count):
            left = part
            while left and not self.was_stopped and not self._is_over():
                if self._recorder.lag >= self._workload.ahead:
                    await pause(SHORTEST_PAUSE)
                    continue
                many = min(left, self._workload.at_once)
                left -= many
                yield [self._watch.now()] * many
            while self._recorder.zero == inf and not self.was_stopped:
                await pause(SHORTEST_PAUSE)

    def _is_over(self) -> bool:
        seconds = self._schedule.seconds
        return seconds is not None and self._watch.now() - self._recorder.zero >= seconds

    async def _follow(self, report: OnMoment) -> None:
        moved_at = self._watch.now()
        while (self._sending or self._recorder.lag) and not self.gave_up:
            began = self._watch.now()
            await self._workload.observe()
            registered = await self._follower.registered()
            now, before = self._watch.now(), self._recorder.registered
            for delivered in registered:
                self._recorder.was_registered(delivered.intended_at, delivered.seen_at, now)
            self._begin_measuring(now)
            if self._recorder.registered > before or not self._recorder.lag:
                moved_at = now
            elif now - moved_at > self._schedule.patience_seconds:
                self.stop()
                self.gave_up = True
            if (moment := self._recorder.close_seconds(now)) is not None:
                report(moment)
            took = self._watch.now() - began
            await pause(min(max(POLL_SPACING * took, SHORTEST_POLL_PAUSE), LONGEST_PAUSE))

    def _begin_measuring(self, now: float) -> None:
        """Without arrivals: once the whole warm-up is registered."""
        r = self._recorder
        if r.zero == inf and r.sent >= self._schedule.warm_up_count and not r.lag:
            r.zero = now
