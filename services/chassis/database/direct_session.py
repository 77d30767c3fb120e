"""A session that also passes compiled statements straight to the driver, for the hot paths (`lookup.py`, `bulk.py`).

Everything else goes through SQLAlchemy, in the same transaction. SQLAlchemy's preparation of an execution and of each
row takes longer than a small statement itself.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

Columns = Sequence[Sequence[Any]]
"""For each parameter of a statement the values of all rows."""


class DirectSession(AsyncConnection):
    """The session of a transaction. The direct methods raise what `execute` raises."""

    def __init__(self, connection: Connection) -> None:
        self.sync_connection: Connection = connection
        self.driver: Any = connection.connection.driver_connection
        """The driver's own connection."""

    @abstractmethod
    async def read_rows(self, statement: str, parameters: Sequence[Any]) -> Sequence[Any]:
        """Run a statement; returns its rows as the driver makes them, or none."""

    @abstractmethod
    async def write_columns(self, statement: str, columns: Columns) -> None:
        """Run a statement that `Bulk` has compiled, for all rows."""


def directly(session: AsyncConnection) -> DirectSession:
    """The session as what every session of a `Database` is."""
    assert isinstance(session, DirectSession), "not a session of services.chassis.database"
    return session
