"""One PostgreSQL for a test run, and a database of its own for whoever asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from typing import Any, Final

import docker
import pytest
from docker.models.containers import Container

from tests import docker_engine
from tests.broker import free_ports, reachable
from tests.shared import shared

IMAGE: Final = "postgres:17"
SECONDS_TO_STOP: Final = 20
_numbers = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A running server, at the same port over a restart."""

    container_id: str
    port: int

    @cached_property
    def container(self) -> Container:
        return docker.from_env().containers.get(self.container_id)

    def url(self, database: str = "test") -> str:
        """An SQLAlchemy URL without a driver; asyncpg takes it as well."""
        return f"postgresql://test:test@127.0.0.1:{self.port}/{database}"

    def restart(self) -> None:
        """Whoever is connected is cut off, in the middle of whatever they do."""
        self.container.restart(timeout=SECONDS_TO_STOP)

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
        name = f"t{os.getpid()}_{next(_numbers)}_{about.replace('.', '_')}"
        await self.execute(f'CREATE DATABASE "{name}"')
        return name

    async def drop(self, database: str) -> None:
        """Whoever is still connected is cut off."""
        await self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The one server of the run."""
    quick = partial(running_postgres, "-c fsync=off")  # no power cut is among the claims
    with shared(tmp_path_factory, PostgresServer, quick) as server:
        yield server


@contextmanager
def running_postgres(options: str = "") -> Iterator[PostgresServer]:
    """A server that answers, started with these options; nothing of it is left afterwards."""
    from testcontainers.community.postgres import PostgresContainer

    (port,) = free_ports(1)
    listening = "127.0.0.1" if docker_engine.shares_the_network() else "*"
    made = PostgresContainer(IMAGE, username="test", password="test", dbname="test", driver=None, port=port)
    made.with_env("PGPORT", str(port))  # the server's, and of whoever looks at it in the container
    with reachable(made, port).with_command(f"postgres -c listen_addresses={listening} {options}") as container:
        yield PostgresServer(container.get_wrapped_container().id, port)
