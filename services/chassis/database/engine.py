"""What `Database` needs of SQLite and PostgreSQL: transactions, and leases that one process at a time holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class Lease(Protocol):
    """A process's claim to be the only one at something. It may be lost at any time: read `held` before each use."""

    held: bool


class Engine(Protocol):
    """Opens transactions on one database."""

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Opens a transaction that writes: it commits at the end of the block and rolls back on an exception."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Opens a read-only transaction on a snapshot; it does not wait for another process's write."""

    def exclusive(self, purpose: str) -> AbstractAsyncContextManager[AsyncConnection]:
        """Opens a transaction that writes once no other process is in one of the same purpose."""

    def sole_holder(self, purpose: str, on_change: Callable[[], None]) -> AbstractAsyncContextManager[Lease]:
        """Yields a lease, which is `held` unless another process holds `purpose` of this database; it ends with the
        process, and on PostgreSQL with its connection.

        `on_change` is called when the lease is lost, and when another process notifies the channel
        `purpose` (PostgreSQL's `NOTIFY`).
        """

    async def write_anew(self, tables: Sequence[str]) -> None:
        """Write these tables, or the whole file, anew, so that nothing is left of deleted rows; no journal keeps them.

        Takes as long as copying what is there, and writers wait. It may be repeated.
        """

    async def mark(self) -> None:
        """Note beside a file, outside of it, how far it is now, if it has changed since the last mark."""

    async def require_latest(self) -> None:
        """Raises `Unusable` if the file is older than its mark."""

    async def close(self) -> None:
        """Idempotent."""
