"""A party's database: SQLAlchemy 2 Core on SQLite (embedded) or PostgreSQL, chosen by URL.

SQLite is written to by one process at a time; `begin` queues the rest. On PostgreSQL replicas write side by side, and
rows are locked in one order, so that they never wait for each other in a circle: a transaction locks the inbox's
rows first, then those of its party's tables in the order that the party's `store.py` names, the outbox's last; within
a table by key, and rows are inserted by key (`Bulk`).
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ARRAY, BigInteger, Column, ColumnElement, Enum, MetaData, Table, any_, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator

from services.chassis.outages import is_outage
from services.chassis.postgresql import AdvisoryLease, lock_key, postgresql_engine
from services.chassis.sqlite_inline import READS_ONLY, sqlite_engine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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


class Lease(Protocol):
    """Whether this process alone has something; it may be lost at any time."""

    held: bool


class _FileLease:
    """Held until the process ends, or lets go."""

    def __init__(self, held: bool) -> None:
        self.held = held


class Database:
    """One party's database.

    `url` is an SQLAlchemy URL: `sqlite:///path` (or `sqlite://` for memory) or `postgresql://…`.
    `durable` False gives up surviving a power cut (never a killed process), for the one-process sandbox.
    `looks_only` changes nothing of an SQLite file, not even how it keeps its journal.
    `pool_size` bounds the connections to PostgreSQL.
    """

    def __init__(self, url: str, *, durable: bool = True, looks_only: bool = False, pool_size: int = 5) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = (
            sqlite_engine(self.url, durable=durable, looks_only=looks_only)
            if self.is_sqlite
            else postgresql_engine(self.url, pool_size)
        )
        self._one_at_a_time = asyncio.Lock()

    @property
    def is_in_memory(self) -> bool:
        """Whether it ends with the process."""
        return self.is_sqlite and not self.url.database

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
    async def begin_alone(self, purpose: str) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes, while no other process is in one of the same purpose."""
        async with self.begin() as session:
            if not self.is_sqlite:  # a writing transaction of SQLite is alone anyway
                await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_key(purpose)})
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, all of it from one moment; it waits for no other process's write."""
        async with self._turn(), self._engine.connect() as session:
            await session.execution_options(**_READING[self.is_sqlite])
            async with session.begin():
                yield session

    def _turn(self) -> AbstractAsyncContextManager[object]:
        return self._one_at_a_time if self.is_sqlite else nullcontext()

    async def answers(self) -> bool:
        """Whether the database can be asked anything at all."""
        try:
            async with self.begin() as session:
                await session.execute(text("SELECT 1"))
        except Exception as failure:
            if not is_outage(failure):
                raise
            return False
        return True

    @asynccontextmanager
    async def sole_holder(self, purpose: str, on_change: Callable[[], None] = lambda: None) -> AsyncIterator[Lease]:
        """Yields a lease, `held` where no other process holds `purpose` of this database; it ends with the process.

        On PostgreSQL it is lost with its connection. `on_change` is called then, and when another process has
        written and notified the channel `purpose`.
        """
        if not self.is_sqlite:
            async with self._advisory_lease(purpose, on_change) as lease:
                yield lease
        elif self.is_in_memory:
            yield _FileLease(True)
        else:
            with open(f"{self.url.database}.{purpose}.lock", "a") as file:
                yield _FileLease(_locked(file.fileno()))

    @asynccontextmanager
    async def _advisory_lease(self, purpose: str, on_change: Callable[[], None]) -> AsyncIterator[Lease]:
        async with self._engine.connect() as session:
            await session.execution_options(isolation_level="AUTOCOMMIT")
            lease = AdvisoryLease(session, purpose, on_change)
            try:
                await lease.take()
                yield lease
            finally:
                await lease.release()

    async def close(self) -> None:
        """Idempotent."""
        await self._engine.dispose()


_READING: dict[bool, dict[str, Any]] = {
    True: {READS_ONLY: True},
    False: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


class _Among(ColumnElement[bool]):
    """`column IN (…)` for SQLite; for PostgreSQL `column = ANY (array)`: one statement for any number of values."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 (SQLAlchemy's own form)
        ("listed", InternalTraversal.dp_clauseelement),
        ("array", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Column[Any], values: str) -> None:
        self.listed = column.in_(bindparam(values, expanding=True))
        self.array = column == any_(bindparam(values, type_=ARRAY(column.type)))


@compiles(_Among)
def _as_list(element: _Among, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.listed, **how))


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.array, **how))


def among(column: Column[Any], values: str = "ids") -> ColumnElement[bool]:
    """Whether the column has one of the values, a list bound as `values` when the statement runs.

    Statements of hot paths are built once, as constants: building one takes longer than running it.
    """
    return _Among(column, values)


def insert(session: AsyncConnection, table: Table) -> Any:
    """An INSERT of the dialect in use, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    dialect = sqlite if session.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
