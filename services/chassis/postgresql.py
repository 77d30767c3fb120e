"""PostgreSQL: a bounded pool of connections, and the lease by which one process of a party is its sender."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.chassis.clock import pause

_SERVER_SETTINGS: Final = {
    "application_name": "sansha",
    "jit": "off",  # short statements
    "tcp_keepalives_idle": "10",  # a machine that vanished gives its locks back within half a minute
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_SECONDS_BETWEEN_LOOKS: Final = 1.0
_PATIENCE_SECONDS: Final = 3.0


class PostgreSQL:
    """At most `pool_size` connections. One that the server has closed is replaced before it is used."""

    def __init__(self, url: URL, pool_size: int) -> None:
        self._engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10.0,
            connect_args={"timeout": 5.0, "server_settings": _SERVER_SETTINGS},
            hide_parameters=True,
        )

        def still_open(connection: Any, _record: Any, _proxy: Any) -> None:
            if connection.driver_connection.is_closed():
                raise DisconnectionError("the server closed this connection")

        event.listen(self._engine.sync_engine, "checkout", still_open)

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._engine.begin()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with self._engine.connect() as session:
            await session.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            async with session.begin():
                yield session

    @asynccontextmanager
    async def sole_holder(self, purpose: str, on_change: Callable[[], None]) -> AsyncIterator[AdvisoryLease]:
        """The lease is lost with its connection."""
        async with self._engine.connect() as session:
            await session.execution_options(isolation_level="AUTOCOMMIT")
            lease = AdvisoryLease(session, purpose, on_change)
            try:
                await lease.take()
                yield lease
            finally:
                await lease.release()

    async def close(self) -> None:
        await self._engine.dispose()


def lock_key(purpose: str) -> int:
    """The advisory lock of a purpose, as a signed 64-bit number."""
    return int.from_bytes(blake2b(f"sansha/{purpose}".encode(), digest_size=8).digest(), signed=True)


class AdvisoryLease:
    """A lock of the database's that lasts as long as its connection; whether it still does is asked each second.

    `on_change` is called when it is lost, and when another process says that it has written (`NOTIFY`).
    """

    def __init__(self, session: AsyncConnection, purpose: str, on_change: Callable[[], None]) -> None:
        self._session, self._purpose, self._on_change = session, purpose, on_change
        self._connection: Any = None
        self._watching: asyncio.Task[None] | None = None
        self.held = False

    async def take(self) -> bool:
        """Try once."""
        asked = text("SELECT pg_try_advisory_lock(:key)")
        self.held = bool((await self._session.execute(asked, {"key": lock_key(self._purpose)})).scalar_one())
        if self.held:
            self._connection = (await self._session.get_raw_connection()).driver_connection
            self._connection.add_termination_listener(self._lose)
            await self._connection.add_listener(self._purpose, self._notified)
            self._watching = asyncio.create_task(self._watch())
        return self.held

    async def release(self) -> None:
        """Give it back. Idempotent; a connection that is gone has given it back by itself."""
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
        await self._session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": lock_key(self._purpose)})

    async def _watch(self) -> None:
        """A server that has vanished without a word terminates nothing: ask it."""
        while self.held:
            await pause(_SECONDS_BETWEEN_LOOKS)
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
