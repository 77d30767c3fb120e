"""PostgreSQL: a bounded pool of connections, and the lease that makes one process of a party its sender."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from hashlib import blake2b
from typing import Any, Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from services.chassis.clock import pause
from services.chassis.database.direct_session import Columns, DirectSession
from services.chassis.database.postgresql_tls import tls_arguments, without_tls_parameters
from services.chassis.database.still_read import StillRead

_SERVER_SETTINGS: Final = {
    "application_name": "sansha",
    "jit": "off",  # short statements
    "enable_seqscan": "off",  # writers search by key, even in a table never analysed, which the planner takes for empty
    "tcp_keepalives_idle": "10",  # the locks of a machine that vanished are released within half a minute
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_SECONDS_BETWEEN_CHECKS: Final = 1.0
_PATIENCE_SECONDS: Final = 3.0
_SECONDS_FOR_A_PLACE: Final = 10.0


_LOOKS: Final = 50
_LOOK_SECONDS: Final = 0.1
_OLDER: Final = """
    SELECT coalesce(nullif(application_name, ''), backend_type) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND (
        age(backend_xid) > age($1::text::xid8::xid)
        OR datname = current_database() AND age(backend_xmin) > age($1::text::xid8::xid)
    ) LIMIT 1
"""
"""A session with a transaction or a snapshot from before this transaction id."""


class PostgresSession(DirectSession):
    """One connection, used for one transaction after another."""

    async def read_rows(self, statement: str, parameters: Sequence[Any]) -> Sequence[Any]:
        with _translated(statement):
            return await self.driver.fetch(statement, *parameters)  # type: ignore[no-any-return]

    async def write_columns(self, statement: str, columns: Columns) -> None:
        with _translated(statement):
            await self.driver.execute(statement, *columns)

    async def begin_transaction(self, how: str) -> None:
        with _translated(how):
            await self.driver.execute(how)

    async def commit_transaction(self) -> None:
        """Commit. Raises also if a statement had failed: the server then rolls back without reporting an error."""
        with _translated("COMMIT"):
            if await self.driver.execute("COMMIT") != "COMMIT":
                raise asyncpg.InFailedSQLTransactionError("a statement had failed: nothing of this is committed")

    async def was_rolled_back(self) -> bool:
        """Roll back. Returns False if that failed, too."""
        try:
            await self.driver.execute("ROLLBACK")
        except Exception:
            return False
        return True


@contextmanager
def _translated(statement: str) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as failure:
        raise IntegrityError(statement, None, failure, hide_parameters=True) from failure
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as failure:
        raise DBAPIError(statement, None, failure, hide_parameters=True) from failure


class PostgreSQL:
    """At most `pool_size` connections, each opened when it is first needed and then held open.

    A connection that the server has closed is replaced before it is used.
    """

    def __init__(self, url: URL, pool_size: int) -> None:
        self._engine = create_async_engine(
            without_tls_parameters(url).set(drivername="postgresql+asyncpg"),
            poolclass=NullPool,
            connect_args={"timeout": 5.0, "server_settings": _SERVER_SETTINGS, **tls_arguments(url)},
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",  # transactions are begun and ended below, on the driver
        )
        self._places = asyncio.Semaphore(pool_size)
        self._idle: list[PostgresSession] = []
        self._closed = False

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._transaction("BEGIN")

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = on")

    @asynccontextmanager
    async def exclusive(self, purpose: str) -> AsyncIterator[AsyncConnection]:
        async with self.begin() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _lock_key(purpose)})
            yield session

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[PostgresSession]:
        async with self._place():
            session, ended = await self._connected(), False
            try:
                await session.begin_transaction(begin)
                try:
                    yield session
                except BaseException:
                    ended = await session.was_rolled_back()
                    raise
                await session.commit_transaction()
                ended = True
            finally:
                await self._put_back(session, ended)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """Raises `TimeoutError` if none becomes free."""
        if self._places.locked():
            async with asyncio.timeout(_SECONDS_FOR_A_PLACE):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            yield
        finally:
            self._places.release()

    async def _connected(self) -> PostgresSession:
        while self._idle:
            session = self._idle.pop()
            if not session.driver.is_closed():
                return session
            await session.close()
        connection = await self._engine.connect()
        await connection.begin()  # for SQLAlchemy one endless transaction: it commits nothing by itself
        assert connection.sync_connection is not None
        return PostgresSession(connection.sync_connection)

    async def _put_back(self, session: PostgresSession, ended: bool) -> None:
        """Drop a connection whose transaction is not known to have ended: the server rolls it back."""
        if ended and not self._closed:
            self._idle.append(session)
            return
        if not ended:
            session.driver.terminate()
        await session.close()

    @asynccontextmanager
    async def sole_holder(self, purpose: str, on_change: Callable[[], None]) -> AsyncIterator[AdvisoryLease]:
        """By an advisory lock, which ends with its connection."""
        async with self._place(), self._engine.connect() as session:
            lease = AdvisoryLease(session, purpose, on_change)
            try:
                await lease.take()
                yield lease
            finally:
                await lease.release()

    async def write_anew(self, tables: Sequence[str]) -> None:
        """`VACUUM FULL`, which no transaction can hold; then new statistics, for the old ones quote values.

        WAL segments, archives and snapshots of disks are the server's. Raises `StillRead` while a snapshot is held that
        sees what was deleted: its rows would be copied.
        """
        async with self._place():
            session, ended = await self._connected(), False
            try:
                await _nobody_sees_what_was_deleted(session)
                for table in tables:
                    with _translated("VACUUM"):
                        await session.driver.execute(f'VACUUM (FULL, ANALYZE) "{table}"')
                with _translated("VACUUM"):  # a role that does not own the database is warned, and it is skipped
                    await session.driver.execute("VACUUM (FULL) pg_catalog.pg_statistic")
                ended = True
            finally:
                await self._put_back(session, ended)

    async def mark(self) -> None:
        """The server looks after its own files."""

    async def require_latest(self) -> None:
        """The server looks after its own files."""

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            await self._idle.pop().close()
        await self._engine.dispose()


async def _nobody_sees_what_was_deleted(session: PostgresSession) -> None:
    """Wait for snapshots from before now to end: of autovacuum too. Raises `StillRead` if one does not."""
    with _translated("VACUUM"):
        now = await session.driver.fetchval("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        for _ in range(_LOOKS):
            if not await session.driver.fetchval(_OLDER, now):
                return
            await pause(_LOOK_SECONDS)
        older = await session.driver.fetchval(_OLDER, now)
    raise StillRead(f"another session ({older}) holds a snapshot that sees what was deleted")


def _lock_key(purpose: str) -> int:
    """The advisory lock of a purpose, as a signed 64-bit number."""
    return int.from_bytes(blake2b(f"sansha/{purpose}".encode(), digest_size=8).digest(), signed=True)


class AdvisoryLease:
    """An advisory lock, which lasts as long as its connection; the connection is checked each second.

    `on_change` is called when the lock is lost, and when another process notifies the channel (`NOTIFY`).
    """

    def __init__(self, session: AsyncConnection, purpose: str, on_change: Callable[[], None]) -> None:
        self._session, self._purpose, self._on_change = session, purpose, on_change
        self._connection: Any = None
        self._watching: asyncio.Task[None] | None = None
        self.held = False

    async def take(self) -> bool:
        """Try once to take the lock. Returns whether it is held."""
        asked = text("SELECT pg_try_advisory_lock(:key)")
        self.held = bool((await self._session.execute(asked, {"key": _lock_key(self._purpose)})).scalar_one())
        if self.held:
            self._connection = (await self._session.get_raw_connection()).driver_connection
            self._connection.add_termination_listener(self._lose)
            await self._connection.add_listener(self._purpose, self._notified)
            self._watching = asyncio.create_task(self._watch())
        return self.held

    async def release(self) -> None:
        """Release the lock, unless it has ended with its connection. Idempotent."""
        if self._watching is None:
            return
        self._watching.cancel()
        await asyncio.wait([self._watching])
        self._watching = None
        self.held = False
        if self._connection.is_closed():
            return
        self._connection.remove_termination_listener(self._lose)
        await self._connection.remove_listener(self._purpose, self._notified)
        await self._session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _lock_key(self._purpose)})

    async def _watch(self) -> None:
        """Check the connection each second: a server that has vanished does not close it."""
        while self.held:
            await pause(_SECONDS_BETWEEN_CHECKS)
            try:
                await self._connection.execute("SELECT 1", timeout=_PATIENCE_SECONDS)
            except Exception:
                self._lose()
                self._connection.terminate()

    def _lose(self, *_connection: Any) -> None:
        if self.held:
            self.held = False
            self._on_change()

    def _notified(self, *_notice: Any) -> None:
        self._on_change()
