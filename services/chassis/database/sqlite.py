"""SQLite inline: statements run on the event loop's thread, behind the interface of SQLAlchemy's asyncio layer.

A statement takes tens of microseconds, a hop to a thread and back several times that (docs/decisions/0002). The disk is
flushed after the transaction, once for all that have committed by then (docs/decisions/0030).
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
from services.chassis.database.journal import GroupCommit, Journal
from services.chassis.database.mark import Mark
from services.chassis.database.still_read import StillRead
from services.chassis.outages import Unusable, is_damage, said


class InlineSession(DirectSession):
    """A session in which nothing waits, so that no statement needs a greenlet."""

    async def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> Any:
        return self.sync_connection.execute(statement, parameters, execution_options=execution_options)

    async def exec_driver_sql(self, statement: Any, parameters: Any = None, execution_options: Any = None) -> Any:
        return self.sync_connection.exec_driver_sql(statement, parameters, execution_options)

    async def read_rows(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with _translated(statement):
            return self.driver.execute(statement, parameters).fetchall()  # type: ignore[no-any-return]

    async def write_columns(self, statement: str, columns: Columns) -> None:
        self.write_rows(statement, zip(*columns, strict=True))

    def write_rows(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each row. Raises what `execute` raises."""
        with _translated(statement):
            self.driver.executemany(statement, rows)

    async def run_sync(self, fn: Callable[..., Any], *arg: Any, **kw: Any) -> Any:
        return fn(self.sync_connection, *arg, **kw)


@contextmanager
def _translated(statement: str) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's."""
    try:
        yield
    except sqlite3.Error as failure:
        raise DBAPIError.instance(statement, None, failure, sqlite3.Error, hide_parameters=True) from failure


@contextmanager
def _whole(file: str | None) -> Iterator[None]:
    """Raise an error that comes of a damaged file as `Unusable`."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as failure:
        if not is_damage(failure):
            raise
        raise Unusable(
            f"the database {file} is damaged ({said(failure)}): stop the stack, restore the whole data folder from one "
            "backup, or name another folder"
        ) from failure


@dataclass
class FileLease:
    """Held until the process releases it or ends."""

    held: bool


class InlineSQLite:
    """One connection to a file or to a database in memory, for one transaction at a time.

    If `durable`, a transaction ends only when everything that it can have read or written survives a power loss.
    """

    def __init__(self, url: URL, *, durable: bool, read_only: bool) -> None:
        if url.database:
            Path(os.path.dirname(url.database) or ".").mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            poolclass=StaticPool,
            connect_args={"timeout": 10.0, "check_same_thread": False},
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",  # transactions are begun and ended below, on the driver
        )
        self._file = url.database
        flushed = url.database if durable and not read_only else None
        self._commits = GroupCommit(Journal(Path(flushed)) if flushed else None)
        self._one_at_a_time = asyncio.Lock()
        self._session: InlineSession | None = None
        self._others_as_of: int | None = None
        self._marked: int | None = None
        self._mark = Mark(Path(flushed)) if flushed else None
        pragmas = (() if url.database else _IN_MEMORY) + _pragmas(durable, read_only)

        def configure(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not begin transactions by itself
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")

        event.listen(self._engine, "connect", configure)

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._transaction("BEGIN IMMEDIATE")

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._transaction("BEGIN")

    def exclusive(self, purpose: str) -> AbstractAsyncContextManager[AsyncConnection]:
        """Any writing transaction of SQLite is the only one."""
        return self.begin()

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[InlineSession]:
        with _whole(self._file), self._commits.one_under_way():
            async with self._one_at_a_time:
                session = self._session = self._session or self._connected()
                with _translated(begin):
                    session.driver.execute(begin)
                before = session.driver.total_changes
                try:
                    with _translated("PRAGMA data_version"):
                        self._note_commits_of_others(session.driver)
                    yield session
                    with _translated("COMMIT"):
                        session.driver.execute("COMMIT")
                except BaseException:
                    session.driver.rollback()  # a transaction that could not be committed stays open
                    raise
                if session.driver.total_changes != before:
                    self._commits.made()
        await self._commits.durable()

    def _note_commits_of_others(self, driver: Any) -> None:
        """Count a commit of another process as one of ours, so that this transaction ends only after a flush.

        The other process, or a previous one that was killed, may have committed without having flushed yet.
        """
        if self._commits.are_flushed:
            ((others,),) = driver.execute("PRAGMA data_version").fetchall()
            if others != self._others_as_of:
                self._others_as_of = others
                self._commits.made()

    async def write_anew(self, _tables: Sequence[str]) -> None:
        """`VACUUM`, and a checkpoint that truncates the journal; in a thread, while transactions wait.

        Raises an outage while another process reads or writes: it is to be repeated.
        """
        with _whole(self._file), self._commits.one_under_way():
            async with self._one_at_a_time:
                session = self._session = self._session or self._connected()
                with _translated("VACUUM"):
                    await asyncio.to_thread(_write_anew, session.driver)
                self._commits.made()
        await self._commits.durable()

    async def mark(self) -> None:
        """Count in the file; once that is on the disk, write the count into the file of the mark."""
        if self._mark is None:
            return
        async with self._transaction("BEGIN IMMEDIATE") as session:
            if session.driver.total_changes == self._marked:
                return
            count = 1 + _count_in(session)
            session.driver.execute(f"PRAGMA user_version = {count}")
            self._commits.made()
            changes = session.driver.total_changes
        self._mark.write(count)
        self._marked = changes

    async def require_latest(self) -> None:
        if self._mark is None:
            return
        async with self.read() as session:
            self._mark.require(_count_in(session))

    def _connected(self) -> InlineSession:
        connection = self._engine.connect()
        connection.begin()  # for SQLAlchemy one endless transaction: it commits nothing by itself
        return InlineSession(connection)

    @asynccontextmanager
    async def sole_holder(self, purpose: str, _on_change: Callable[[], None]) -> AsyncIterator[FileLease]:
        """By a lock on a file beside the database. Of a database in memory this process is always the sole holder."""
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


def _write_anew(driver: Any) -> None:
    driver.execute("VACUUM")
    ((is_busy, *_),) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    if is_busy:
        raise StillRead("another process reads what the journal holds")


def _count_in(session: AsyncConnection) -> int:
    assert isinstance(session, InlineSession)
    ((count,),) = session.driver.execute("PRAGMA user_version").fetchall()
    return int(count)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


PAGES_PER_CHECKPOINT = 8_000
"""Checkpoint every 32 MiB of journal instead of after each large batch: a page that changes in many batches is then
written to the database file once."""
_IN_MEMORY = ("page_size=8192",)
"""In memory the rollback journal copies each changed page; with pages of twice the usual size that takes a fifth less
time."""


def _pragmas(durable: bool, read_only: bool) -> tuple[str, ...]:
    if read_only:
        return ("query_only=ON",)
    return (
        "journal_mode=WAL",
        f"synchronous={'NORMAL' if durable else 'OFF'}",
        "foreign_keys=ON",
        f"wal_autocheckpoint={PAGES_PER_CHECKPOINT}",
    )
