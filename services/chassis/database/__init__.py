"""A party's database: SQLAlchemy 2 Core on SQLite (embedded) or PostgreSQL, chosen by URL.

SQLite is written to by one transaction at a time; `begin` queues the rest. On PostgreSQL replicas write side by side,
and rows are locked in one order, so that they never wait for each other in a circle: a transaction locks the inbox's
rows first, where it has any, then those of its party's tables in the order that the party's `store` names, the
outbox's last; within a table by key, and rows are inserted by key (`Bulk`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    MetaData,
    String,
    Table,
    any_,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

from services.chassis.database.sqlite import InlineSQLite
from services.chassis.outages import is_outage

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
INSTANTS_REMEMBERED = 4096
"""Rows of one batch share most of theirs; so many are not converted again."""


_SQLITE_SETTINGS = {
    "version": "SELECT sqlite_version()",
    "journal_mode": "PRAGMA journal_mode",
    "synchronous": "PRAGMA synchronous",
}
_POSTGRESQL_SETTINGS = {
    name: f"SHOW {ask}"
    for name, ask in {
        "version": "server_version",
        "fsync": "fsync",
        "synchronous_commit": "synchronous_commit",
        "full_page_writes": "full_page_writes",
    }.items()
}


class Instant(TypeDecorator[datetime]):
    """An instant, kept as whole microseconds since 1970 UTC: the same in every database, and it sorts."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], int | None]:
        return _microseconds

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None]:
        return _instant


@lru_cache(maxsize=INSTANTS_REMEMBERED)
def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // _MICROSECOND


@lru_cache(maxsize=INSTANTS_REMEMBERED)
def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)


class _Words(TypeDecorator[Any]):
    impl = String
    cache_ok = True

    def __init__(self, values: type[StrEnum]) -> None:
        super().__init__(40)
        self.values = values

    def bind_processor(self, dialect: Dialect) -> None:
        """Words are texts themselves."""

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], StrEnum | None]:
        known: dict[str | None, StrEnum | None] = {None: None, **{word.value: word for word in self.values}}
        return known.__getitem__


def words(values: type[StrEnum]) -> TypeDecorator[Any]:
    """A column that holds one of an enumeration's words, as text."""
    return _Words(values)


class Lease(Protocol):
    """Whether this process alone has something; it may be lost at any time."""

    held: bool


class Engine(Protocol):
    """SQLite or PostgreSQL: how a transaction is had of it."""

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that writes: commits at the end, rolls back on an exception."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that only reads, all of it from one moment; it waits for no other process's write."""

    def exclusive(self, purpose: str) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that writes, while no other process is in one of the same purpose."""

    def sole_holder(self, purpose: str, on_change: Callable[[], None]) -> AbstractAsyncContextManager[Lease]:
        """Yields a lease, `held` where no other process holds `purpose` of this database; it ends with the process.

        On PostgreSQL it is lost with its connection. `on_change` is called then, and when another process has
        written and notified the channel `purpose`.
        """

    async def close(self) -> None:
        """Idempotent."""


class Database:
    """One party's database.

    `url` is an SQLAlchemy URL: `sqlite:///path` (or `sqlite://` for memory) or `postgresql://…`.
    `durable` False gives up surviving a power cut (never a killed process), for the one-process sandbox.
    `read_only` changes nothing of an SQLite file, not even how it keeps its journal.
    `pool_size` bounds the connections to PostgreSQL.
    """

    def __init__(self, url: str, *, durable: bool = True, read_only: bool = False, pool_size: int = 5) -> None:
        self.url = make_url(url)
        self.is_sqlite, self._durable = self.url.get_backend_name() == "sqlite", durable
        self._engine: Engine
        if self.is_sqlite:
            self._engine = InlineSQLite(self.url, durable=durable, read_only=read_only)
        else:
            from services.chassis.database.postgresql import PostgreSQL

            self._engine = PostgreSQL(self.url, pool_size)
        self.begin, self.read, self.exclusive = self._engine.begin, self._engine.read, self._engine.exclusive

    @property
    def is_in_memory(self) -> bool:
        """Whether it ends with the process."""
        return self.is_sqlite and not self.url.database

    async def create(self, metadata: MetaData) -> None:
        """Make the tables that are missing."""
        async with self.begin() as session:
            await session.run_sync(metadata.create_all)

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

    async def described(self) -> Mapping[str, str]:
        """Which database it is, and what a commit waits for: setting → value, as the database says it."""
        kind = {"database": "SQLite" if self.is_sqlite else "PostgreSQL"}
        asked = _SQLITE_SETTINGS if self.is_sqlite else _POSTGRESQL_SETTINGS
        async with self.read() as session:
            found = {name: str((await session.execute(text(ask))).scalar_one()) for name, ask in asked.items()}
        if self.is_sqlite:
            found["flushed"] = "before a commit is heard of" if self._durable and not self.is_in_memory else "never"
        return kind | found

    def sole_holder(
        self, purpose: str, on_change: Callable[[], None] = lambda: None
    ) -> AbstractAsyncContextManager[Lease]:
        """See `Engine`."""
        return self._engine.sole_holder(purpose, on_change)

    async def close(self) -> None:
        """Idempotent."""
        await self._engine.close()


_json = msgspec.json.Encoder().encode


class _Listed(TypeDecorator[Sequence[Any]]):
    """Values of a column's type as one JSON array, which SQLite reads as a table."""

    impl = String
    cache_ok = True

    def __init__(self, item_type: TypeEngine[Any]) -> None:
        super().__init__()
        self.item_type = item_type

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        convert = self.item_type.dialect_impl(dialect).bind_processor(dialect)
        if convert is None:
            return lambda values: _json(values).decode()
        return lambda values: _json([convert(value) for value in values]).decode()


class _Among(ColumnElement[bool]):
    """The values are one parameter in either dialect: one statement for any number of them."""

    inherit_cache = True
    _traverse_internals = [  # noqa: RUF012 (SQLAlchemy's own form)
        ("listed", InternalTraversal.dp_clauseelement),
        ("array", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Column[Any], values: str) -> None:
        listed = func.json_each(bindparam(values, type_=_Listed(column.type))).table_valued("value")
        self.listed = column.in_(select(listed.c.value))
        self.array = column == any_(bindparam(values, type_=ARRAY(column.type)))


@compiles(_Among)
def _as_list(element: _Among, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.listed, **how))


@compiles(_Among, "postgresql")
def _as_array(element: _Among, compiler: Any, **how: Any) -> str:
    return str(compiler.process(element.array, **how))


def in_list(column: Column[Any], values: str = "ids") -> ColumnElement[bool]:
    """Whether the column has one of the values, a list bound as `values` when the statement runs.

    Statements of hot paths are built once, as constants: building one takes longer than running it.
    """
    return _Among(column, values)


def insert(session: AsyncConnection, table: Table) -> Any:
    """An INSERT of the dialect in use, with `on_conflict_do_nothing` and `on_conflict_do_update`."""
    dialect = sqlite if session.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)
