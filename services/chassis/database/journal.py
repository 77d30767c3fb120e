"""Flushes SQLite's journals (`-wal`) to the disk, once for several commits.

Connections commit with `synchronous=NORMAL`, which does not wait for the disk. After a power loss such a file is whole,
with all commits up to one of them, and at least those made before the last flush of its journal.

The event loop itself waits for the disk. A thread would let more commits gather meanwhile, but they gather before the
flush as well (docs/decisions/0033).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from services.chassis.clock import pause

TURNS_TO_GATHER: Final = 3
"""Turns of the event loop for which a flush waits at most, while other transactions are about to commit."""
_write_through = getattr(os, "fdatasync", os.fsync)
"""`fdatasync` does not write the file's times, which are not needed to read it. Not every system has it."""


class Journal:
    """The journal of a file of SQLite."""

    def __init__(self, file: Path) -> None:
        self._path = file.with_name(file.name + "-wal")
        self._is_named = self._has_failed = False

    def flush(self) -> None:
        """Wait until every commit of this process's open connections is on the disk.

        A commit is in the journal or, after a checkpoint, on the disk with the file itself. Raises `OSError`, and from
        then on always: after a failed write the system may report the next one as a success without those pages.
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
    """Make the names of new files in the folder survive a power loss. Raises `OSError`."""
    with _opened(folder) as opened:
        os.fsync(opened)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Never for a file that SQLite has locked: closing it would release the locks."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


class GroupCommit:
    """Makes commits durable together: one flush for all that were made before it."""

    def __init__(self, journal: Journal | None) -> None:
        """Without a journal commits need not be durable."""
        self._journal = journal
        self.are_flushed = journal is not None
        self._under_way = self._made = self._durable = 0

    @contextmanager
    def one_under_way(self) -> Iterator[None]:
        """Around a transaction that is open or waits to begin: a flush may wait for its commit."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def made(self) -> None:
        """Count a commit."""
        self._made += 1

    async def durable(self) -> None:
        """Return when all commits made so far are durable. Raises `OSError` if that is not certain."""
        if self._journal is None:
            return
        made = self._made
        for _ in range(TURNS_TO_GATHER):
            if self._durable >= made:
                return
            await pause(0)
            if not self._under_way:
                break
        if self._durable < made:
            latest = self._made
            self._journal.flush()
            self._durable = latest
