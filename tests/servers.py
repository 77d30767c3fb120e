"""One Kafka broker and one PostgreSQL server for all workers of a test run, as fixtures."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import pytest

from services.chassis.identity import random_token
from testbed.broker import Broker, running_broker
from testbed.postgres import PostgresServer, running_postgres

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Server = TypeVar("Server", bound="DataclassInstance")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """The broker of the run. Other tests use it at the same time: one that stops or freezes it takes `own_broker`."""
    with shared(tmp_path_factory, Broker, running_broker) as found:
        yield found


@pytest.fixture(scope="module")
def own_broker() -> Iterator[Broker]:
    """A broker that the tests of one module may disturb."""
    with running_broker() as started:
        yield started


@pytest.fixture
def topic_prefix() -> str:
    """Keeps the topics and groups of a test apart from all others."""
    return f"{random_token()[:8]}."


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The PostgreSQL server of the run."""
    quick = partial(running_postgres, "-c fsync=off")  # no test claims anything about a power loss
    with shared(tmp_path_factory, PostgresServer, quick) as server:
        yield server


@contextmanager
def shared(
    factory: pytest.TempPathFactory, kind: type[Server], running: Callable[[], AbstractContextManager[Server]]
) -> Iterator[Server]:
    """The server of this run: the first worker that asks starts it, and ends it when no other uses it any more.

    `kind` is a dataclass whose fields JSON can write. The worker that started a server waits for the others, since
    testcontainers' Ryuk removes what a process has started when that process ends.
    """
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    note = folder / f"{kind.__name__}.json"
    with ExitStack() as held:
        users = held.enter_context(note.with_suffix(".users").open("w"))
        with note.with_suffix(".door").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if note.exists():
                server = kind(**json.loads(note.read_text()))
            else:
                server = held.enter_context(running())
                note.write_text(json.dumps(asdict(server)))
                held.callback(_wait_for_the_others, users, note)
        yield server


def _wait_for_the_others(users: IO[str], note: Path) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    note.unlink()
