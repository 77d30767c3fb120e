"""Waiting for the disk: on the loop's own thread while the disk is quick, in a thread of its own while it is not.

A quick disk takes a tenth of a millisecond, less than handing the work over and back; a slow one several, in
which requests can gather and events be sent. Which it is follows from how long the last ones took.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from services.chassis.clock import monotonic

WORTH_A_THREAD_SECONDS: Final = 0.001
WEIGHT_OF_THE_LAST: Final = 0.1
HAND_OVER_SECONDS: Final = 0.0005


class Flusher:
    """One thing at a time, in the order in which it was given."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "flusher")
        self._usual_seconds = 0.0
        self._in_thread = 0

    async def run(self, work: Callable[[], object]) -> None:
        """Returns when it is done, and not before, also where the caller is cancelled. Raises what the work raises."""
        if self._usual_seconds < WORTH_A_THREAD_SECONDS and not self._in_thread:
            self._timed(work)
            return
        self._in_thread += 1
        try:
            await self._apart(work)
        finally:
            self._in_thread -= 1

    def _timed(self, work: Callable[[], object]) -> None:
        began = monotonic()
        try:
            work()
        finally:
            self._usual_seconds += WEIGHT_OF_THE_LAST * (monotonic() - began - self._usual_seconds)

    async def _apart(self, work: Callable[[], object]) -> None:
        doing = asyncio.get_running_loop().run_in_executor(self._thread, self._timed, work)
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
    """Python holds up a thread that comes back from the disk for as long as another one runs, 5 ms by default: from now
    on it goes on within `HAND_OVER_SECONDS`."""
    sys.setswitchinterval(HAND_OVER_SECONDS)
