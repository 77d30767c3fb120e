"""The clock of a stack: its one owner announces it on the clock topic, every replica follows.

A replica applies the last announcement before it serves, so one that joins late shows the same time as the others.
"""

from __future__ import annotations

import asyncio

import structlog

from contracts import topics
from contracts.bounds import shown
from contracts.cloudevents import UndecodableEvent, encode_value, headers
from contracts.events import ClockSet
from contracts.reading import Reader
from services.chassis.bus.port import EventBus, Message, Record, TopicPartition
from services.chassis.clock import Clock, ClockReading
from services.chassis.identity import Identity
from services.chassis.outages import is_outage
from services.chassis.waits import Patience, Waits

log = structlog.get_logger(__name__)

_PLACE = TopicPartition(topics.CLOCK.name, 0)


class ClockFollower:
    """Sets a clock to each announcement on the topic."""

    def __init__(self, bus: EventBus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self._next = 0
        self._reader = Reader()
        self.last: ClockSet | None = None

    async def catch_up(self) -> bool:
        """Apply the announcements so far, in order. Returns whether there was any.

        One that cannot be read, or that would set the clock back, is passed over, with its reason in the log.
        """
        while messages := await self._bus.read(topics.CLOCK.name, {_PLACE: self._next}):
            self._next = messages[-1].offset + 1
            for message in messages:
                self._apply(message)
        return self.last is not None

    def _apply(self, message: Message) -> None:
        try:
            _, announced = self._reader.read(message.topic, message.key, message.headers, message.value)
            assert isinstance(announced, ClockSet), "the clock's topic carries nothing else"
            self._clock.set(ClockReading(announced.simulated_at, announced.real_at, announced.rate))
        except (UndecodableEvent, ValueError) as wrong:
            log.error("announcement of the clock passed over", offset=message.offset, reason=shown(str(wrong), 400))
        else:
            self.last = announced

    async def run(self, stopping: asyncio.Event, waits: Waits) -> None:
        """Follow until `stopping`. Retries during an outage of the bus."""
        patience = Patience("clock", "reading the clock", waits)
        while not stopping.is_set():
            try:
                await self.catch_up()
                await self._bus.wait([topics.CLOCK.name], timeout=0.5)
            except Exception as failure:
                if not is_outage(failure):
                    raise
                await patience.wait(failure)
            else:
                patience.over()


class ClockAnnouncer:
    """The clock's owner: sets every clock of the stack, its own included."""

    def __init__(self, bus: EventBus, clock: Clock, identity: Identity) -> None:
        self._bus, self._identity = bus, identity
        self._follower = ClockFollower(bus, clock)

    async def resume(self) -> bool:
        """Set the own clock to the last announcement. Returns False if there is none yet."""
        return await self._follower.catch_up()

    async def announce(self, reading: ClockReading) -> ClockSet:
        """Announce a reading and apply it. Returns once it is durable."""
        last = self._follower.last
        event = ClockSet(
            sequence=1 if last is None else last.sequence + 1,
            simulated_at=reading.simulated_at,
            real_at=reading.real_at,
            rate=reading.rate,
        )
        event_id = self._identity.new(ClockSet.TYPE, *event.natural_key)
        marks = headers(event_id, event, topics.CONSOLE, event.simulated_at)
        await self._bus.produce([Record(topics.CLOCK.name, event.key, encode_value(event), marks)])
        await self._bus.flush()
        await self._follower.catch_up()
        return event
