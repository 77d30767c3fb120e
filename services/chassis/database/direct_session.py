"""A session whose driver can be asked directly: statements of hot paths, compiled before (`lookup.py`, `bulk.py`).

All else goes through SQLAlchemy, in the same transaction. Its preparing of each execution and each row takes longer
than a small statement itself.
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
    """What a handler is given. The direct methods raise what `execute` raises."""

    def __init__(self, connection: Connection) -> None:
        self.sync_connection: Connection = connection
        self.driver: Any = connection.connection.driver_connection
        """The driver's own connection."""

    @abstractmethod
    async def read_rows(self, statement: str, parameters: Sequence[Any]) -> Sequence[Any]:
        """All rows that a statement gives: tuples, as the driver made them; none where it gives none."""

    @abstractmethod
    async def write_columns(self, statement: str, columns: Columns) -> None:
        """Run a statement of `Bulk` for all rows."""


def directly(session: AsyncConnection) -> DirectSession:
    """Every session of a `Database` is one."""
    assert isinstance(session, DirectSession), "a session of services.chassis.database"
    return session
