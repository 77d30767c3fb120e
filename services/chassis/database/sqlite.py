"""SQLite *inline*: statements run on the event loop's own thread, behind the interface of SQLAlchemy's asyncio layer.

A statement takes tens of microseconds, a thread hop several times that (docs/decisions/0002). Only the disk is waited
for outside of the transaction, by all at once that have committed by then (docs/decisions/0030).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import StaticPool

from services.chassis.database.direct_session import Columns, DirectSession
from services.chassis.database.flusher import GroupCommit, Journal


class InlineSession(DirectSession):
    """What a handler is given. Nothing in it waits for anything, so nothing has to be handed to a greenlet."""

    async def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        return self.sync_connection.execute(statement, parameters, execution_options=execution_options)

    async def exec_driver_sql(self, statement: Any, parameters: Any = None, execution_options: Any = None) -> Any:
        return self.sync_connection.exec_driver_sql(statement, parameters, execution_options)

    async def read_rows(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with _worded(statement):
            return self.driver.execute(statement, parameters).fetchall()  # type: ignore[no-any-return]

    async def write_columns(self, statement: str, columns: Columns) -> None:
        self.write_rows(statement, zip(*columns, strict=True))

    def write_rows(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row. Raises what `execute` raises."""
        with _worded(statement):
            self.driver.executemany(statement, rows)

    async def run_sync(self, fn: Callable[..., Any], *arg: Any, **kw: Any) -> Any:
        return fn(self.sync_connection, *arg, **kw)


@contextmanager
def _worded(statement: str) -> Iterator[None]:
    """The driver's errors, as SQLAlchemy words them."""
    try:
        yield
    except sqlite3.Error as failure:
        raise DBAPIError.instance(statement, None, failure, sqlite3.Error, hide_parameters=True) from failure


@dataclass
class FileLease:
    """Held until the process ends, or lets go."""

    held: bool


class InlineSQLite:
    """One connection to a file, or to a database in memory; one transaction at a time.

    Where it is durable, a transaction has ended once all that it can have seen survives a loss of power.
    """

    def __init__(self, url: URL, *, durable: bool, read_only: bool) -> None:
        if url.database:
            Path(os.path.dirname(url.database) or ".").mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            poolclass=StaticPool,
            connect_args={"timeout": 10.0, "check_same_thread": False},
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",  # where a transaction begins and ends is said here, to the driver
        )
        self._file = url.database
        flushed = url.database if durable and not read_only else None
        self._commits = GroupCommit(Journal(Path(flushed)) if flushed else None)
        self._one_at_a_time = asyncio.Lock()
        self._session: InlineSession | None = None
        self._others_as_of: int | None = None
        pragmas = (() if url.database else _IN_MEMORY) + _pragmas(durable, read_only)

        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not begin transactions of its own accord
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")

        event.listen(self._engine, "connect", configure)

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._transaction("BEGIN IMMEDIATE")

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._transaction("BEGIN")

    def exclusive(self, purpose: str) -> AbstractAsyncContextManager[AsyncConnection]:
        """A writing transaction of SQLite is alone anyway."""
        return self.begin()

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[InlineSession]:
        with self._commits.one_under_way():
            async with self._one_at_a_time:
                session = self._session = self._session or self._connected()
                with _worded(begin):
                    session.driver.execute(begin)
                before = session.driver.total_changes
                try:
                    with _worded("PRAGMA data_version"):
                        self._look_for_others(session.driver)
                    yield session
                    with _worded("COMMIT"):
                        session.driver.execute("COMMIT")
                except BaseException:
                    session.driver.rollback()  # SQLite leaves a transaction open that it could not commit
                    raise
                if session.driver.total_changes != before:
                    self._commits.made()
        await self._commits.durable()

    def _look_for_others(self, driver: Any) -> None:
        """What another process has committed, or one before this, may have been seen before its flush: it counts as
        made here, so that nobody here tells of it before a flush."""
        if self._commits.are_flushed:
            ((others,),) = driver.execute("PRAGMA data_version").fetchall()
            if others != self._others_as_of:
                self._others_as_of = others
                self._commits.made()

    def _connected(self) -> InlineSession:
        connection = self._engine.connect()
        connection.begin()  # in SQLAlchemy's eyes one transaction that never ends: it commits nothing by itself
        return InlineSession(connection)

    @asynccontextmanager
    async def sole_holder(self, purpose: str, _on_change: Callable[[], None]) -> AsyncIterator[FileLease]:
        """A lock of a file beside the database's; of one in memory nobody else can be the holder."""
        if not self._file:
            yield FileLease(held=True)
            return
        with open(f"{self._file}.{purpose}.lock", "a") as file:
            yield FileLease(_locked(file.fileno()))

    async def close(self) -> None:
        if self._session is not None:
            self._session.sync_connection.close()
            self._session = None
        self._engine.dispose()
        self._commits.close()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


PAGES_PER_CHECKPOINT = 8_000
"""The file is written once in 32 MiB of the journal, not once a large batch: pages that change in one batch after
another are written there once."""
_IN_MEMORY = ("page_size=8192",)
"""What a transaction changes there is copied page by page: of double the usual size that takes a fifth less time."""


def _pragmas(durable: bool, read_only: bool) -> tuple[str, ...]:
    if read_only:
        return ("query_only=ON",)
    return (
        "journal_mode=WAL",
        f"synchronous={'NORMAL' if durable else 'OFF'}",
        "foreign_keys=ON",
        f"wal_autocheckpoint={PAGES_PER_CHECKPOINT}",
    )
