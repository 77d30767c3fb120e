"""One PostgreSQL for a test run, and a database of its own for whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import pytest

from tests.broker import free_ports

IMAGE: Final = "postgres:17"
SECONDS_TO_STOP: Final = 20
_numbers = count(1)


class PostgresServer:
    """A running server, at the same port over a restart."""

    def __init__(self, container: Any, port: int) -> None:
        self.container, self._port = container, port

    def url(self, database: str = "test") -> str:
        """An SQLAlchemy URL without a driver; asyncpg takes it as well."""
        return f"postgresql://test:test@127.0.0.1:{self._port}/{database}"

    def restart(self) -> None:
        """Whoever is connected is cut off, in the middle of whatever they do."""
        self.container.get_wrapped_container().restart(timeout=SECONDS_TO_STOP)

    async def execute(self, statement: str) -> list[Any]:
        """As the superuser, outside any transaction; the rows."""
        import asyncpg

        connection = await asyncpg.connect(self.url())
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def make_database(self, about: str) -> str:
        """A new, empty database; returns its name."""
        name = f"t{next(_numbers)}_{about.replace('.', '_')}"
        await self.execute(f'CREATE DATABASE "{name}"')
        return name

    async def drop(self, database: str) -> None:
        """Whoever is still connected is cut off."""
        await self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server of this run."""
    from testcontainers.community.postgres import PostgresContainer

    (port,) = free_ports(1)
    made = PostgresContainer(IMAGE, username="test", password="test", dbname="test", driver=None)
    made.with_bind_ports(5432, port)
    with made.with_command("postgres -c fsync=off") as container:  # a power cut is not among the claims
        yield PostgresServer(container, port)
