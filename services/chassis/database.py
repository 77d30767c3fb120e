"""A party's database: SQLAlchemy 2 Core on SQLite (embedded) or PostgreSQL, chosen by URL.

SQLite runs *inline*, on the event loop's own thread: a statement takes tens of microseconds, a thread hop
several times that (docs/decisions/0002). One process writes at a time; `begin` queues the rest.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Enum, MetaData, Table, bindparam, event, text
from sqlalchemy.dialects import postgresql, registry, sqlite
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import TypeDecorator
from sqlalchemy.util import await_only

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_READS_ONLY = "sansha_reads_only"


class Instant(TypeDecorator[datetime]):
    """An instant, kept as whole microseconds since 1970 UTC: the same in every database, and it sorts."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


def words(values: type[StrEnum]) -> Enum:
    """A column that holds one of an enumeration's words, as text."""
    return Enum(values, native_enum=False, length=40, values_callable=lambda e: [v.value for v in e])


async def _nothing() -> None:
    """Awaited once per statement: SQLAlchemy's asyncio layer insists on one await."""


class _InlineCursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """Called by SQLAlchemy's asyncio layer after a result was buffered."""


class _InlineConnection(sqlite3.Connection):
    def cursor(self, factory: Any = _InlineCursor) -> Any:
        return super().cursor(factory)


class InlineSQLiteDialect(SQLiteDialect_pysqlite):
    """`sqlite+inline://`: the standard library's driver behind SQLAlchemy's asyncio interface, without a thread."""

    driver = "inline"
    is_async = True
    supports_statement_cache = True

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        cursor.execute(statement, parameters)
        await_only(_nothing())

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        cursor.executemany(statement, parameters)
        await_only(_nothing())


registry.register("sqlite.inline", __name__, InlineSQLiteDialect.__name__)


class Database:
    """One party's database.

    `url` is an SQLAlchemy URL: `sqlite:///path` (or `sqlite://` for memory) or `postgresql://…`.
    `durable` False gives up surviving a power cut (never a killed process), for the one-process sandbox.
    `looks_only` changes nothing of an SQLite file, not even how it keeps its journal.
    """

    def __init__(self, url: str, *, durable: bool = True, looks_only: bool = False) -> None:
        self.url = make_url(url)
        self._is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = (
            _sqlite_engine(self.url, _pragmas(durable, looks_only)) if self._is_sqlite else _postgresql_engine(self.url)
        )
        self._one_at_a_time = asyncio.Lock()

    async def create(self, metadata: MetaData) -> None:
        """Make the tables that are missing."""
        async with self.begin() as session:
            await session.run_sync(metadata.create_all)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes: commits at the end, rolls back on an exception."""
        async with self._turn(), self._engine.begin() as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads: it waits for no other process's write."""
        async with self._turn(), self._engine.connect() as session:
            await session.execution_options(**{_READS_ONLY: True})
            async with session.begin():
                yield session

    def _turn(self) -> AbstractAsyncContextManager[object]:
        return self._one_at_a_time if self._is_sqlite else nullcontext()

    async def answers(self) -> bool:
        """Whether the database can be asked anything at all."""
        try:
            async with self.begin() as session:
                await session.execute(text("SELECT 1"))
        except Exception:
            return False
        return True

    @asynccontextmanager
    async def sole_holder(self, purpose: str) -> AsyncIterator[bool]:
        """Yields True where no other process holds `purpose` of this database; released when the process dies."""
        if not self._is_sqlite:
            async with self._advisory_lock(purpose) as held:
                yield held
        elif not self.url.database:
            yield True
        else:
            with open(f"{self.url.database}.{purpose}.lock", "a") as file:
                yield _locked(file.fileno())

    @asynccontextmanager
    async def _advisory_lock(self, purpose: str) -> AsyncIterator[bool]:
        async with self._engine.connect() as session:
            await session.execution_options(isolation_level="AUTOCOMMIT")
            found = await session.execute(text("SELECT pg_try_advisory_lock(hashtext(:p))"), {"p": purpose})
            yield bool(found.scalar_one())

    async def close(self) -> None:
        """Idempotent."""
        await self._engine.dispose()


def among(column: Column[Any], values: str = "ids") -> ColumnElement[bool]:
    """`column IN (…)`, its values bound as `values` when the statement runs.

    Statements of hot paths are built once, as constants: building one takes longer than running it.
    """
    return column.in_(bindparam(values, expanding=True))


def insert(session: AsyncConnection, table: Table) -> Any:
    """An INSERT of the dialect in use, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    dialect = sqlite if session.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def insert_missing(session: AsyncConnection, table: Table) -> Any:
    """An INSERT that leaves rows alone that are there already."""
    return _insert_missing(session.dialect.name, table)


@cache
def _insert_missing(dialect: str, table: Table) -> Any:
    return (sqlite if dialect == "sqlite" else postgresql).insert(table).on_conflict_do_nothing()


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pragmas(durable: bool, looks_only: bool) -> tuple[str, ...]:
    if looks_only:
        return ("query_only=ON",)
    return ("journal_mode=WAL", f"synchronous={'FULL' if durable else 'OFF'}", "foreign_keys=ON")


def _sqlite_engine(url: URL, pragmas: tuple[str, ...]) -> AsyncEngine:
    if url.database:
        Path(os.path.dirname(url.database) or ".").mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url.set(drivername="sqlite+inline"),
        poolclass=StaticPool,
        connect_args={"factory": _InlineConnection, "timeout": 10.0, "check_same_thread": False},
    )

    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own accord
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")

    def begin(connection: Any) -> None:
        reads = connection.get_execution_options().get(_READS_ONLY, False)
        connection.connection.driver_connection.execute("BEGIN" if reads else "BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", configure)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def _postgresql_engine(url: URL) -> AsyncEngine:
    return create_async_engine(url.set(drivername="postgresql+asyncpg"), pool_size=5, max_overflow=5)
