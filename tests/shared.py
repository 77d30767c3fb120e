"""What all workers of a test run use together: the first that asks starts it, and ends it when nobody is left."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Place = TypeVar("Place", bound="DataclassInstance")


@contextmanager
def shared(
    factory: pytest.TempPathFactory, kind: type[Place], running: Callable[[], AbstractContextManager[Place]]
) -> Iterator[Place]:
    """The one of this run; `kind` is a dataclass of what JSON can say. Whoever started it waits for all others before
    it ends: where testcontainers' Ryuk runs, what a process has started goes when that process does."""
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
                place = kind(**json.loads(note.read_text()))
            else:
                place = held.enter_context(running())
                note.write_text(json.dumps(asdict(place)))
                held.callback(_when_nobody_is_left, users, note)
        yield place


def _when_nobody_is_left(users: IO[str], note: Path) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    note.unlink()
