"""A PostgreSQL server in a container, and databases on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Final

import asyncpg
import docker
from docker.models.containers import Container
from testcontainers.community.postgres import PostgresContainer

from testbed import docker_engine
from testbed.broker import free_ports, reachable
from testbed.docker_engine import POSTGRES_IMAGE

SECONDS_TO_STOP: Final = 20
_numbers = count(1)


@dataclass(frozen=True)
class PostgresServer:
    """A running server; its port stays the same over a restart."""

    container_id: str
    port: int

    @cached_property
    def container(self) -> Container:
        return docker.from_env().containers.get(self.container_id)

    def url(self, database: str = "test") -> str:
        """An SQLAlchemy URL without a driver; asyncpg takes it as well."""
        return f"postgresql://test:test@127.0.0.1:{self.port}/{database}"

    def restart(self) -> None:
        """Restart at once: every connection is cut, whatever it is doing."""
        self.container.restart(timeout=SECONDS_TO_STOP)

    async def execute(self, statement: str) -> list[Any]:
        """Run it as the superuser, outside any transaction; returns the rows."""
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
        """Cuts every connection to it."""
        await self.execute(f'DROP DATABASE "{database}" WITH (FORCE)')


@contextmanager
def running_postgres(options: str = "") -> Iterator[PostgresServer]:
    """A server that answers, started with these options; nothing of it is left afterwards."""
    (port,) = free_ports(1)
    listening = "127.0.0.1" if docker_engine.shares_the_network() else "*"
    made = PostgresContainer(POSTGRES_IMAGE, username="test", password="test", dbname="test", driver=None, port=port)
    made.with_env("PGPORT", str(port))  # for the server, and for psql in the container
    with reachable(made, port).with_command(f"postgres -c listen_addresses={listening} {options}") as container:
        yield PostgresServer(container.get_wrapped_container().id, port)
