"""SQLite behind SQLAlchemy's asyncio interface, *inline*: on the event loop's own thread.

A statement takes tens of microseconds, a thread hop several times that (docs/decisions/0002).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import await_only

READS_ONLY: Final = "sansha_reads_only"
"""Execution option of a connection whose next transaction waits for no other process's write."""


async def _nothing() -> None:
    """Awaited once per statement: SQLAlchemy's asyncio layer insists on one await."""


class _InlineCursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """Called by SQLAlchemy's asyncio layer after a result was buffered."""


class _InlineConnection(sqlite3.Connection):
    def cursor(self, factory: Any = _InlineCursor) -> Any:
        return super().cursor(factory)


class InlineSQLiteDialect(SQLiteDialect_pysqlite):
    """`sqlite+inline://`: the standard library's driver, without a thread."""

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


def sqlite_engine(url: URL, *, durable: bool, looks_only: bool) -> AsyncEngine:
    """One connection to a file, or to a database in memory."""
    if url.database:
        Path(os.path.dirname(url.database) or ".").mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url.set(drivername="sqlite+inline"),
        poolclass=StaticPool,
        connect_args={"factory": _InlineConnection, "timeout": 10.0, "check_same_thread": False},
        hide_parameters=True,
    )
    pragmas = _pragmas(durable, looks_only)

    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own accord
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")

    def begin(connection: Any) -> None:
        reads = connection.get_execution_options().get(READS_ONLY, False)
        connection.connection.driver_connection.execute("BEGIN" if reads else "BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", configure)
    event.listen(engine.sync_engine, "begin", begin)
    return engine


def _pragmas(durable: bool, looks_only: bool) -> tuple[str, ...]:
    if looks_only:
        return ("query_only=ON",)
    return ("journal_mode=WAL", f"synchronous={'FULL' if durable else 'OFF'}", "foreign_keys=ON")
