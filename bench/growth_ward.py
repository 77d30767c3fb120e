"""The ward of `bench.growth`, in its own process, so that memory and CPU seconds are the ward's alone.

`python -m bench.growth_ward TASK` registers the receipts on its topic and prints the figures as JSON.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from bench.receipts import NOW, consumed
from contracts.topics import RECEIPTS, WARD
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import EventBus, TopicSpec
from services.chassis.clock import Clock
from services.chassis.collector import keep_what_is_loaded
from services.chassis.telemetry import configure_logging
from services.ward.app import Settings, Ward, create_app


@dataclass(frozen=True, slots=True)
class Place:
    """Addresses of a ward's database and bus; `prefix` stands before every topic of a cluster."""

    database_url: str
    bus_url: str
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A ward's place, the partitions of its receipts topic, and the receipts it is to register."""

    place: Place
    partitions: int
    receipts: int

    @property
    def settings(self) -> Settings:
        place = self.place
        return Settings(seed=1, database_url=place.database_url, bus_url=place.bus_url, kafka_topic_prefix=place.prefix)


@dataclass(frozen=True, slots=True)
class Registered:
    """Receipts registered, seconds of wall clock and of the ward's CPU, and memory in MB at the end."""

    receipts: int
    seconds: float
    cpu_seconds: float
    resident_megabytes: float


class Repartitioned:
    """A bus on which one topic has another number of partitions than its contract says. Every user of the topic must
    open the bus this way, since a bus refuses a topic that exists with other settings."""

    def __init__(self, bus: EventBus, topic: str, partitions: int) -> None:
        self._bus, self._topic, self._partitions = bus, topic, partitions
        self.produce, self.subscribe, self.read, self.wait = bus.produce, bus.subscribe, bus.read, bus.wait
        self.end_offsets, self.committed, self.reset = bus.end_offsets, bus.committed, bus.reset
        self.flush, self.durability, self.close = bus.flush, bus.durability, bus.close

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        """As `EventBus.create_topics`, with the other number of partitions."""
        await self._bus.create_topics(
            [replace(spec, partitions=self._partitions) if spec.name == self._topic else spec for spec in topics]
        )


@asynccontextmanager
async def bus_of(task: Task) -> AsyncIterator[EventBus]:
    opened = await open_bus(task.settings.bus_url, durable=task.settings.database_durable)
    bus = Repartitioned(opened, RECEIPTS.name, task.partitions)
    try:
        yield bus
    finally:
        await bus.close()


@asynccontextmanager
async def ward_of(task: Task) -> AsyncIterator[Ward]:
    """A started ward; starting has made its tables and topics."""
    async with bus_of(task) as bus:
        ward = create_app(task.settings, bus, Clock.stepped(NOW))
        try:
            await ward.start()
            yield ward
        finally:
            await ward.close()


async def register(task: Task) -> Registered:
    """Have a new ward register the task's receipts. Raises `AssertionError` if it has not committed all of them."""
    async with ward_of(task) as ward:
        keep_what_is_loaded()
        before = time.process_time()
        figure = await consumed(ward, task.receipts)
        cpu_seconds = time.process_time() - before
        assert sum((await ward.status()).lag.values()) == 0, "offsets are not committed"
    return Registered(figure.receipts, figure.seconds, cpu_seconds, resident_megabytes())


def resident_megabytes() -> float:
    """Of this process, now."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    configure_logging("warning", WARD)
    registered = asyncio.run(register(msgspec.json.decode(sys.argv[1], type=Task)))
    sys.stdout.buffer.write(msgspec.json.encode(registered) + b"\n")
