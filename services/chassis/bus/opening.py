"""Opens the bus that a URL names."""

from __future__ import annotations

from services.chassis.bus.port import EventBus
from services.chassis.settings import ServiceSettings


async def open_bus(settings: ServiceSettings, client_id: str = "sansha") -> EventBus:
    """`kafka://HOST:PORT[,…]`, `embedded:FOLDER` for the log that processes share, `memory:` for this one alone.

    `client_id` is the name under which a Kafka cluster sees this process. Raises `ValueError` for any other URL.
    """
    if (options := settings.kafka_options(client_id)) is not None:
        from services.chassis.bus.kafka import KafkaBus

        return KafkaBus(options)
    if (folder := settings.embedded_folder) is not None:
        from services.chassis.bus.sqlite_log import SqliteLog

        return SqliteLog(folder, durable=settings.database_durable)
    if settings.bus_url == "memory:":
        from services.chassis.bus.memory import MemoryBus

        return MemoryBus()
    raise ValueError(f"bus URL {settings.bus_url!r} is none of kafka://HOST:PORT, embedded:FOLDER, memory:")
