"""Moves the clock of a stack: from due time to due time, and only when nothing is under way.

Nothing is under way when, while the ends of the log stay the same, every replica of every party answers with the
current time, and every party has committed all that its topics hold and has no outbox row that is due. A party looks
at its topics first and at its outbox then, so what a handled event left to send is seen.

Every party is asked at the beginning and the end of an advance. In between, a party at rest stays so until one of its
timers is due or a topic it reads has grown: only those are asked. If the parties do not come to rest, the advance
stops and names the blocker; nothing is lost, and the advance can be requested again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts import topics
from contracts.bounds import wrong_instant
from contracts.vocabulary import JST
from services.chassis.bus.port import BusError, EventBus, Offsets
from services.chassis.clock import Clock, ClockReading, monotonic, pause, real_now
from services.chassis.clock_topic import ClockAnnouncer
from services.chassis.identity import Identity
from services.console.stack.clients import Replica

POLL_SECONDS = 0.01


class Parties(Protocol):
    """The parties that must be at rest before the clock moves."""

    async def replicas(self, principals: Collection[str] | None = None) -> Sequence[Replica]:
        """Every replica there is now of these parties (default: of all), with its status."""


class ClockCannotMove(ValueError):
    """The clock does not go where it was asked to; the text says what it shows, and what would be possible."""


class ClockBlocked(Exception):
    """The clock cannot advance; the text names the parties that have not finished, and what."""


@dataclass(frozen=True, slots=True)
class ClockOptions:
    """The clock of a stack. `rate` 0 is a stepped clock, 1 real time, k a scaled one."""

    rate: float = 1.0
    start_at: datetime | None = None
    """Where a new simulated clock starts; None for the machine's time."""


class ClockAuthority:
    """The one owner of a stack's clock."""

    def __init__(self, bus: EventBus, identity: Identity, parties: Parties) -> None:
        self._bus, self._parties, self._clock = bus, parties, Clock.real()
        self._announcer = ClockAnnouncer(bus, self._clock, identity)
        self._readers = {t.name: t.readers for t in topics.TOPICS if t.name != topics.CLOCK.name}
        self._turn = asyncio.Lock()
        self._was_blocked, self._log_failure = False, ""
        self._at_rest: Offsets | None = None
        """The ends of the log when all parties were last at rest; None if unknown."""
        self._next_due: dict[str, datetime | None] = {}

    @property
    def rate(self) -> float:
        return self._clock.reading.rate

    def now(self) -> datetime:
        return self._clock.now()

    async def replicas(self) -> Sequence[Replica]:
        """Every replica of the stack, with its status."""
        return await self._parties.replicas()

    async def begin(self, options: ClockOptions, last_seen: datetime | None = None) -> None:
        """Announce the clock, which goes on where it stood.

        `last_seen` is where a clock that ran by itself stopped; without it, it went on meanwhile. Raises
        `ClockCannotMove` for real time if a simulated clock was ahead of it.
        """
        resumed = await self._announcer.resume()
        was_simulated = resumed and self.rate != 1.0
        stood = self._clock.now() if resumed and (self._clock.is_stepped or last_seen is None) else None
        real_at = real_now()
        at = max(filter(None, (last_seen, stood)), default=options.start_at or real_at)
        if options.rate == 1.0 and was_simulated and at > real_at:
            raise ClockCannotMove(
                f"the clock shows {_in_japan(at)} and cannot go back to the machine's time; give --clock stepped or "
                "--clock scaled:K, or another --database-dir"
            )
        await self._announcer.announce(ClockReading(real_at if options.rate == 1.0 else at, real_at, options.rate))

    async def advance(
        self,
        to: datetime,
        patience_seconds: float = 60.0,
        progress: Callable[[datetime], Awaitable[None]] | None = None,
    ) -> datetime:
        """Move a stepped clock to `to`, stopping at every due time; returns the time then.

        The time that it shows changes nothing, so the same request may be sent twice. Raises `ClockBlocked` after
        `patience_seconds` at one instant, `ClockCannotMove` for an earlier time than the clock shows, for one out of
        bounds, and for a clock that runs by itself.
        """
        if wrong := wrong_instant(to):
            raise ClockCannotMove(f"to: {wrong}")
        if not self._clock.is_stepped:
            now, back = self.now(), ""
            if to < now:
                back = f" and cannot go back to {_in_japan(to)}"
            raise ClockCannotMove(
                f"this clock runs by itself, shows {_in_japan(now)}{back}; only a stepped clock is advanced "
                "(sansha up --clock stepped)"
            )
        async with self._turn:
            if to < self._clock.now():
                raise ClockCannotMove(
                    f"the clock shows {_in_japan(self._clock.now())} and cannot go back to {_in_japan(to)}; "
                    "give a later time"
                )
            if self._was_blocked:
                await self._announce_again()
            self._at_rest = None
            while to >= self._clock.now():
                due = await self._rest(patience_seconds)
                at = to if due is None else min(max(due, self._clock.now()), to)
                if at > self._clock.now():
                    await self._announce(ClockReading(at, real_now(), 0.0))
                if due is None or due > to:
                    self._at_rest = None
                    await self._rest(patience_seconds)
                    break
                if progress is not None:
                    await progress(at)
            return self._clock.now()

    async def _rest(self, patience_seconds: float) -> datetime | None:
        """Wait until nothing is under way; returns when the next timer of any party is due."""
        deadline = monotonic() + patience_seconds
        before = await self._ends()
        while True:
            replicas = await self._parties.replicas(self._concerned(before))
            ends = await self._ends()
            blockers = list(dict.fromkeys(b for replica in replicas for b in self._blockers(replica)))
            if ends is None:
                blockers.append(f"the log does not answer ({self._log_failure})")
            if not blockers and ends == before:
                self._at_rest = ends
                self._next_due |= {r.principal: r.status.next_due_at for r in replicas if r.status is not None}
                return min(filter(None, self._next_due.values()), default=None)
            if monotonic() > deadline:
                raise self._blocked("; ".join(blockers) or "events keep coming")
            before = ends
            if blockers:
                await pause(POLL_SECONDS)

    def _concerned(self, ends: Offsets | None) -> Collection[str] | None:
        """Parties with a due timer, or whose topics have grown since all were at rest; None for all parties."""
        if self._at_rest is None or ends is None:
            return None
        now, before = self._clock.now(), self._at_rest
        grown = {partition.topic for partition, end in ends.items() if end != before.get(partition)}
        called = {principal for principal, due in self._next_due.items() if due is not None and due <= now}
        return called.union(*(self._readers[topic] for topic in grown))

    async def _announce(self, reading: ClockReading) -> None:
        try:
            await self._announcer.announce(reading)
        except BusError as failure:
            raise self._blocked(f"the time could not be announced ({failure})") from None

    async def _announce_again(self) -> None:
        """The clock may have been blocked by an announcement that was lost, or may have been: repeat it."""
        try:
            await self._announcer.resume()
        except BusError as failure:
            raise self._blocked(f"the log does not answer ({failure})") from None
        await self._announce(self._clock.reading)
        self._was_blocked = False

    def _blocked(self, what: str) -> ClockBlocked:
        self._was_blocked = True
        return ClockBlocked(f"the clock waits at {self._clock.now().isoformat()}: {what}")

    async def _ends(self) -> Offsets | None:
        try:
            return dict(await self._bus.end_offsets(list(self._readers)))
        except BusError as failure:
            self._log_failure = str(failure)
            return None

    def _blockers(self, replica: Replica) -> Iterator[str]:
        name, status = replica.principal, replica.status
        if status is None:
            problem = replica.problem
            yield (
                f"{name} at {replica.address} {problem}" if problem else f"{name} does not answer at {replica.address}"
            )
            return
        for wait in status.waiting:
            if wait.what != "dead_letters":
                yield f"{name} at {replica.address} waits: {wait.doing}, for {wait.seconds:.0f} s: {wait.because}"
        if status.now != self._clock.now():
            yield f"{name} at {replica.address} has not taken the time yet (it shows {status.now.isoformat()})"
        if status.outbox_due:
            yield f"{name} has {status.outbox_due} outbox rows to send"
        yield from (f"{name} has {n} events of {topic} to handle" for topic, n in status.lag.items() if n)


def _in_japan(at: datetime) -> str:
    return at.astimezone(JST).isoformat()
