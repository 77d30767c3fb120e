"""Opens the bus that a URL names."""

from __future__ import annotations

from services.chassis.bus.port import EventBus
from services.chassis.settings import ServiceSettings


async def open_bus(settings: ServiceSettings) -> EventBus:
    """`embedded:FOLDER` for the log that several processes share, `memory:` for this process alone.

    Raises `ValueError` for any other URL.
    """
    if (folder := settings.embedded_folder) is not None:
        from services.chassis.bus.sqlite_log import SqliteLog

        return SqliteLog(folder, durable=settings.database_durable)
    if settings.bus_url == "memory:":
        from services.chassis.bus.memory import MemoryBus

        return MemoryBus()
    raise ValueError(f"bus URL {settings.bus_url!r} is none of embedded:FOLDER, memory:")
