"""Whether a database is the one in which a party's events were handled before, and all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from services.chassis.bus.port import EventBus
from services.chassis.database import Database
from services.chassis.migrations.up_to_date import is_new
from services.chassis.outages import Unusable, is_outage

SECONDS_BETWEEN_MARKS: Final = 10.0


async def require_its_database(database: Database, bus: EventBus, group: str, topics: Sequence[str]) -> None:
    """Raises `Unusable` if the database is new and its consumer group is not, or if the file is older than it was.

    The offsets are read first: a replica that handles events meanwhile has made the tables before.
    """
    if database.is_in_memory:
        return
    handled = sum((await bus.committed(group, topics)).values())
    if handled and await is_new(database):
        raise Unusable(
            f"the database {database.url} is new, and its consumer group {group} has handled {handled} events before: "
            "the database is lost, or another is meant; restore it from a backup, correct SANSHA_DATABASE_URL, or, to "
            "begin anew, use another folder or topic prefix, or delete the group"
        )
    await database.require_latest()


async def keep_marking(database: Database, stopping: asyncio.Event) -> None:
    """Mark how far the database is, now and then, until `stopping`."""
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), SECONDS_BETWEEN_MARKS)
        await mark_unless_out(database)


async def mark_unless_out(database: Database) -> None:
    """Mark how far the database is. During an outage the mark stays behind, which harms nothing."""
    try:
        await database.mark()
    except Exception as failure:
        if not is_outage(failure):
            raise
