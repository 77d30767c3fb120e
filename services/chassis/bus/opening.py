"""Opens the bus that a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import EventBus
from services.chassis.deferred import Deferred

KAFKA: Final[Deferred[EventBus]] = Deferred("services.chassis.bus.kafka:KafkaBus", extra="kafka")
EMBEDDED: Final[Deferred[EventBus]] = Deferred("services.chassis.bus.sqlite_log:SqliteLog")
MEMORY: Final[Deferred[EventBus]] = Deferred("services.chassis.bus.memory:MemoryBus")


async def open_bus(url: str, *, durable: bool = True, kafka: KafkaOptions | None = None) -> EventBus:
    """Open `kafka://HOST:PORT[,…]`, `embedded:FOLDER` (a log that processes share) or `memory:` (this process alone).

    `durable` says whether an embedded log survives a power loss; `kafka` is how to reach the cluster. Raises
    `ValueError` for any other URL.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "kafka" and kafka is not None:
        return KAFKA.load()(kafka)
    if scheme == "embedded":
        return EMBEDDED.load()(Path(rest), durable=durable)
    if url == "memory:":
        return MEMORY.load()()
    raise ValueError(f"bus URL {url!r} is none of kafka://HOST:PORT, embedded:FOLDER, memory:")
