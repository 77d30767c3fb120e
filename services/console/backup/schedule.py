"""Backups of a running stack by a schedule; one that fails is reported, and the next is made in its time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from services.chassis.deferred import Deferred
from services.chassis.outages import is_outage
from services.console.backup.snapshot import CannotBackUp

BACK_UP: Final[Deferred[Path]] = Deferred("services.console.backup.making:back_up_and_keep")


@dataclass(frozen=True, slots=True)
class BackupTerms:
    """How often, where to, and how many are kept."""

    every_seconds: float
    to: Path
    keep: int


async def keep_backing_up(terms: BackupTerms, data: Path, stopping: asyncio.Event, tell: Callable[[str], None]) -> None:
    """Back up a data folder now and then, until `stopping`; a backup that is being made then is completed."""
    await keep_making(
        terms.every_seconds, partial(asyncio.to_thread, BACK_UP.load(), data, terms.to, terms.keep), stopping, tell
    )


async def keep_making(
    every_seconds: float, make: Callable[[], Awaitable[Path]], stopping: asyncio.Event, tell: Callable[[str], None]
) -> None:
    """Make a backup now and then, until `stopping`."""
    while not stopping.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), every_seconds)
            return
        try:
            tell(f"backed up: {await make()}")
        except Exception as failure:
            if not (isinstance(failure, CannotBackUp) or is_outage(failure)):
                raise
            tell(f"the backup failed ({failure}); the next one is made in {every_seconds:g} s")
