"""One state of all databases and of the log of a data folder, while its stack runs.

All databases are locked against writing for a moment, in which a reading transaction begins on each of them, on the
consumer groups and on every topic. So the log holds nothing that a database does not know, no offset is ahead of its
database, and what is committed and not sent yet is in its outbox. Then everything goes on, and each file is copied as
it was in that moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

LOCK_SECONDS: Final = 30.0


class CannotBackUp(Exception):
    """There is nothing to back up, or a database cannot be locked or is damaged; the text says which."""


class Snapshot:
    """The files as they were in one moment; names are relative to the folder."""

    def __init__(self, open_files: Mapping[str, sqlite3.Connection]) -> None:
        self._open = open_files

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._open)

    def copy(self, name: str, to: Path) -> None:
        """Copy a file, complete in itself: its journal (`-wal`) is empty and gone."""
        with closing(sqlite3.connect(to)) as target:
            self._open[name].backup(target)

    @property
    def counts(self) -> Mapping[str, int]:
        return {
            name: int(held.execute("PRAGMA user_version").fetchone()[0])
            for name, held in self._open.items()
            if name.endswith(".db")
        }

    @property
    def ends(self) -> Mapping[str, Mapping[str, int]]:
        ends: dict[str, dict[str, int]] = {}
        for name, held in self._open.items():
            if name.endswith(".log.sqlite"):
                rows = held.execute("SELECT partition, next_offset FROM ends ORDER BY partition")
                ends[Path(name).name.removesuffix(".log.sqlite")] = {str(partition): end for partition, end in rows}
        return ends

    @property
    def committed(self) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
        groups: dict[str, dict[str, dict[str, int]]] = {}
        if (held := self._open.get("bus/groups.sqlite")) is not None:
            rows = held.execute("SELECT name, topic, partition, next_offset FROM offsets ORDER BY 1, 2, 3")
            for group, topic, partition, offset in rows:
                groups.setdefault(group, {}).setdefault(topic, {})[str(partition)] = offset
        return groups


@contextmanager
def snapshot(folder: Path) -> Iterator[Snapshot]:
    """Raises `CannotBackUp`."""
    databases = sorted(folder.glob("*.db"))
    log = sorted(folder.glob("bus/*.sqlite"))
    with ExitStack() as opened:
        with ExitStack() as locks:
            for file in databases:
                _execute(locks.enter_context(_connected(file)), "BEGIN IMMEDIATE", file)
            held = {str(file.relative_to(folder)): _read(opened, file) for file in (*databases, *log)}
        yield Snapshot(held)


def _read(opened: ExitStack, file: Path) -> sqlite3.Connection:
    connection = opened.enter_context(_connected(file))
    _execute(connection, "BEGIN", file)
    _execute(connection, "SELECT 1 FROM sqlite_master LIMIT 1", file)
    return connection


@contextmanager
def _connected(file: Path) -> Iterator[sqlite3.Connection]:
    """Closed at the end, and with it its transaction, which has changed nothing."""
    with closing(sqlite3.connect(file, timeout=LOCK_SECONDS, isolation_level=None)) as connection:
        yield connection


def _execute(connection: sqlite3.Connection, statement: str, file: Path) -> None:
    try:
        connection.execute(statement).fetchall()
    except sqlite3.Error as failure:
        raise CannotBackUp(f"{file} cannot be backed up: {failure}") from None
