"""A thread for what waits for the disk: one thing at a time, in the order in which it was given.

Python holds up a thread that comes back from the disk for as long as another one runs, 5 ms by default: a process that
has one of these says `hand_over_soon`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

HAND_OVER_SECONDS = 0.0005


class Flusher:
    """Begun with the first call."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "flusher")

    async def run(self, work: Callable[[], object]) -> None:
        """Returns when it is done, and not before, also where the caller is cancelled. Raises what the work raises."""
        doing = asyncio.get_running_loop().run_in_executor(self._thread, work)
        cancelled: asyncio.CancelledError | None = None
        while not doing.done():
            try:
                await asyncio.wait((doing,))
            except asyncio.CancelledError as told:
                cancelled = told
        doing.result()
        if cancelled is not None:
            raise cancelled

    def close(self) -> None:
        """Idempotent."""
        self._thread.shutdown()


def hand_over_soon() -> None:
    """From now on a thread of this process that could go on does so within `HAND_OVER_SECONDS`."""
    sys.setswitchinterval(HAND_OVER_SECONDS)
