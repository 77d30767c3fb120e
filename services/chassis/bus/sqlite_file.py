"""Creates, recognises and opens the embedded log's SQLite files, and reports their errors by file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.chassis.bus.port import BusError, DamagedLog
from services.chassis.database.journal import flush_folder
from services.chassis.outages import is_damage

REMEDY = "stop the stack, restore the whole data folder from one backup, or name another folder"
_BUSY_SECONDS = 10.0
"""How long another process may lock the file before an operation fails."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of a file. Id and version are stored in its header, so that a foreign file is recognised."""

    application_id: int
    version: int
    tables: tuple[str, ...]


@contextmanager
def reporting(path: Path) -> Iterator[None]:
    """Raise errors of the medium as `BusError`, with the file's name; a damage as `DamagedLog`."""
    try:
        yield
    except (sqlite3.Error, OSError) as failure:
        if is_damage(failure):
            raise DamagedLog(f"{path} is damaged ({failure}): {REMEDY}") from failure
        raise BusError(f"{path}: {failure}") from failure


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """A writing transaction, which no other process can be in at the same time. Nothing may be awaited inside."""
    with reporting(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise


def connect(path: Path, layout: Layout, synchronous: str) -> sqlite3.Connection | None:
    """Open a file of this layout; None if it does not exist or is empty.

    `synchronous` is SQLite's. With NORMAL a commit does not wait for the disk (`database/journal.py`).
    """
    if not path.exists():
        return None
    with reporting(path):
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            if _is_laid_out(connection, path, layout):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return None


def lay_out(path: Path, layout: Layout, fill: Callable[[sqlite3.Connection], object] | None = None) -> None:
    """Create the file, its tables and what `fill` inserts, unless it exists. One process at a time may do so.

    The file gets its name when it is complete, so that it is never found half-made, even if its creator is killed.
    """
    if path.exists() and (known := connect(path, layout, "FULL")) is not None:
        known.close()
        return
    unfinished = path.with_name(path.name + ".new")
    with reporting(path):
        for suffix in ("", "-wal", "-shm"):
            unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)
        connection = sqlite3.connect(unfinished, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            with transaction(connection, path):
                for table in layout.tables:
                    connection.execute(table)
                if fill is not None:
                    fill(connection)
                connection.execute(f"PRAGMA application_id = {layout.application_id}")
                connection.execute(f"PRAGMA user_version = {layout.version}")
        finally:
            connection.close()
        unfinished.rename(path)
        flush_folder(path.parent)


def _is_laid_out(connection: sqlite3.Connection, path: Path, layout: Layout) -> bool:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if (application_id, version) == (layout.application_id, layout.version):
        return True
    if application_id == layout.application_id:
        raise DamagedLog(f"{path} has layout {version}; this sansha reads layout {layout.version}: upgrade sansha")
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
        raise DamagedLog(f"{path} is not a file of this log: another program made it; {REMEDY}")
    return False
