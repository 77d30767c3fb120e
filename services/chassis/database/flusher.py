"""Waiting for the disk: on the loop's own thread while the disk is quick, in a thread of its own while it is not.

A quick disk takes a tenth of a millisecond, less than handing the work over and back; a slow one several, in
which requests can gather and events be sent. Which it is follows from how long the last ones took.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.chassis.clock import monotonic, pause

WORTH_A_THREAD_SECONDS: Final = 0.001
WEIGHT_OF_THE_LAST: Final = 0.1
TURNS_TO_GATHER: Final = 3
"""So many turns of the event loop are left to who is about to commit."""
_write_through = getattr(os, "fdatasync", os.fsync)
"""Without what nobody needs to read the file, the time of its change; not every system can leave that out."""


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


class Journal:
    """The journal (`-wal`) of a file of SQLite's whose connections commit with `synchronous=NORMAL`.

    A commit then does not wait for the disk; after a loss of power the file is whole, with all commits up to one of
    them: those before the last `flush` at least.
    """

    def __init__(self, file: Path) -> None:
        self._path = file.with_name(file.name + "-wal")
        self._is_named = self._has_failed = False

    def flush(self) -> None:
        """Wait until the disk has every commit made by an open connection of this process. May run in any thread.

        They are in the journal; those that no longer are have reached the disk with the file itself. Raises `OSError`,
        and does so ever after: a system that failed to write a page may call the next try a success without it.
        """
        if self._has_failed:
            raise OSError(f"{self._path} could not be written through to the disk: start the process again")
        if not self._is_named:
            flush_folder(self._path.parent)
            self._is_named = True
        with _opened(self._path) as journal:
            try:
                _write_through(journal)
            except OSError:
                self._has_failed = True
                raise


def flush_folder(folder: Path) -> None:
    """Make the names of new files survive a loss of power, too. Raises `OSError`."""
    with _opened(folder) as opened:
        os.fsync(opened)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Never a file that SQLite has locked: to close it would let go of the locks."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class GroupCommit:
    """Commits to a journal, made durable together: one flush for all that were made before it began."""

    def __init__(self, journal: Journal | None) -> None:
        """None where they need not be durable."""
        self._journal, self._flusher, self._turn = journal, Flusher(), asyncio.Lock()
        self.are_flushed = journal is not None
        self._under_way = self._made = self._durable = 0

    @contextmanager
    def one_under_way(self) -> Iterator[None]:
        """While somebody is in a transaction, or waits for his turn: a flush may wait for his commit."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def made(self) -> None:
        """There is one more commit."""
        self._made += 1

    async def durable(self) -> None:
        """Returns when all that have been made are durable. Raises `OSError` where that is not certain."""
        made = self._made
        if self._journal is not None and self._durable < made:
            async with self._turn:
                if self._durable < made:
                    await self._flush(self._journal)

    async def _flush(self, journal: Journal) -> None:
        for _ in range(TURNS_TO_GATHER):
            await pause(0)
            if not self._under_way:
                break
        made = self._made
        await self._flusher.run(journal.flush)
        self._durable = made

    def close(self) -> None:
        """Idempotent."""
        self._flusher.close()
