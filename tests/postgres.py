"""One PostgreSQL for a test run, and a database of its own for whoever asks."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import docker
import pytest
from docker.models.containers import Container

from tests.broker import free_ports

IMAGE: Final = "postgres:17"
SECONDS_TO_STOP: Final = 20
_numbers = count(1)


class PostgresServer:
    """A running server, at the same port over a restart."""

    def __init__(self, container: Container, port: int) -> None:
        self.container, self.port = container, port

    def url(self, database: str = "test") -> str:
        """An SQLAlchemy URL without a driver; asyncpg takes it as well."""
        return f"postgresql://test:test@127.0.0.1:{self.port}/{database}"

    def restart(self) -> None:
        """Whoever is connected is cut off, in the middle of whatever they do."""
        self.container.restart(timeout=SECONDS_TO_STOP)

    def remove(self) -> None:
        self.container.remove(force=True, v=True)

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
    """The server of this run: the first of its workers that asks starts it, the last that is done ends it."""
    folder = tmp_path_factory.getbasetemp()
    with shared(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) as server:
        yield server


@contextmanager
def shared(folder: Path) -> Iterator[PostgresServer]:
    """One server for all processes that name this folder."""
    note = folder / "postgres.json"
    with _alone(note) as known:
        place = known or _place(started("-c fsync=off"))  # a power cut is not among the claims
        note.write_text(json.dumps({**place, "users": place["users"] + 1}))
    server = PostgresServer(docker.from_env().containers.get(place["container"]), place["port"])
    try:
        yield server
    finally:
        with _alone(note) as known:
            note.write_text(json.dumps({**known, "users": known["users"] - 1}))
            if known["users"] == 1:
                server.remove()
                note.unlink()


def _place(server: PostgresServer) -> dict[str, Any]:
    return {"container": server.container.id, "port": server.port, "users": 0}


@contextmanager
def _alone(note: Path) -> Iterator[dict[str, Any]]:
    """What the note says, empty where there is none; no other process has it meanwhile."""
    with note.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield json.loads(note.read_text()) if note.exists() else {}


@contextmanager
def running_postgres(options: str = "") -> Iterator[PostgresServer]:
    """A server of one's own, started with these options; nothing of it is left afterwards."""
    server = started(options)
    try:
        yield server
    finally:
        server.remove()


def started(options: str) -> PostgresServer:
    """A server that answers."""
    from testcontainers.community.postgres import PostgresContainer

    (port,) = free_ports(1)
    made = PostgresContainer(IMAGE, username="test", password="test", dbname="test", driver=None)
    made.with_bind_ports(5432, port).with_command(f"postgres {options}").start()
    return PostgresServer(made.get_wrapped_container(), port)
