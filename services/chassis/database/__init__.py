"""A party's database: SQLAlchemy 2 Core on SQLite (embedded) or PostgreSQL, chosen by URL.

SQLite runs one writing transaction at a time; `begin` queues the others. On PostgreSQL replicas write concurrently.
They lock rows in one order, so that they never deadlock: a transaction locks rows of the inbox first, if it uses any,
then those of the party's tables in the order that the party's `store` names, and those of the outbox last; within a
table it locks by key, and inserts by key (`Bulk`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from sqlalchemy import MetaData, text
from sqlalchemy.engine import make_url

from services.chassis.database.engine import Engine, Lease
from services.chassis.database.sqlite import InlineSQLite
from services.chassis.deferred import Deferred

POSTGRESQL: Final[Deferred[Engine]] = Deferred("services.chassis.database.postgresql:PostgreSQL", extra="postgres")
_SQLITE_SETTINGS: Final = {
    "version": "SELECT sqlite_version()",
    "journal_mode": "PRAGMA journal_mode",
    "synchronous": "PRAGMA synchronous",
}
_POSTGRESQL_SETTINGS: Final = {
    name: f"SHOW {ask}"
    for name, ask in {
        "version": "server_version",
        "fsync": "fsync",
        "synchronous_commit": "synchronous_commit",
        "full_page_writes": "full_page_writes",
    }.items()
}


class Database:
    """One party's database.

    `url` is an SQLAlchemy URL: `sqlite:///path` (or `sqlite://` for memory) or `postgresql://…`. Commits on SQLite
    survive a killed process and, if `durable`, a power loss. `read_only` changes nothing in an SQLite file, not even
    its journal mode. `pool_size` bounds the connections to PostgreSQL.
    """

    def __init__(self, url: str, *, durable: bool = True, read_only: bool = False, pool_size: int = 5) -> None:
        self.url = make_url(url)
        self.is_sqlite, self._durable = self.url.get_backend_name() == "sqlite", durable
        self._engine: Engine
        if self.is_sqlite:
            self._engine = InlineSQLite(self.url, durable=durable, read_only=read_only)
        else:
            self._engine = POSTGRESQL.load()(self.url, pool_size)
        self.begin, self.read, self.exclusive = self._engine.begin, self._engine.read, self._engine.exclusive
        self.write_anew = self._engine.write_anew
        self.mark, self.require_latest = self._engine.mark, self._engine.require_latest

    @property
    def is_in_memory(self) -> bool:
        """Whether the data are lost when the process ends."""
        return self.is_sqlite and not self.url.database

    async def create(self, metadata: MetaData) -> None:
        """Create the tables that are missing."""
        async with self.begin() as session:
            await session.run_sync(metadata.create_all)

    async def require_writing(self) -> None:
        """Begin a transaction that writes, and write nothing. Raises what prevents it."""
        async with self.begin() as session:
            await session.execute(text("SELECT 1"))

    async def described(self) -> Mapping[str, str]:
        """The database's kind, version and settings on which the durability of a commit depends, as it reports them."""
        kind = {"database": "SQLite" if self.is_sqlite else "PostgreSQL"}
        queries = _SQLITE_SETTINGS if self.is_sqlite else _POSTGRESQL_SETTINGS
        async with self.read() as session:
            found = {name: str((await session.execute(text(ask))).scalar_one()) for name, ask in queries.items()}
        if self.is_sqlite:
            found["flushed"] = "before a commit is heard of" if self._durable and not self.is_in_memory else "never"
        return kind | found

    def sole_holder(
        self, purpose: str, on_change: Callable[[], None] = lambda: None
    ) -> AbstractAsyncContextManager[Lease]:
        """See `Engine.sole_holder`."""
        return self._engine.sole_holder(purpose, on_change)

    async def close(self) -> None:
        """Idempotent."""
        await self._engine.close()
