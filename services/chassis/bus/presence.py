"""Presences: files that are locked for as long as their process lives, so the operating system knows which ones run.

A process that is killed releases its locks at once. One that is stopped or slow still holds them, so
it does not count as dead. The lock is `flock`: it needs a local file system, and a child made by `fork` without `exec`
holds its parent's locks, too.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import finalize

_SUFFIX = ".lock"
_GUARD = "guard"


class Presence:
    """Holds `<folder>/<name>.lock` until it is released or garbage-collected, or the process ends.

    `about` is the file's text; for a moment after its creation the file is empty.
    """

    def __init__(self, folder: Path, name: str, about: str = "") -> None:
        self.name = name
        with guarded(folder):
            _clear(folder)
            path = folder / (name + _SUFFIX)
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, about.encode())
        self._release = finalize(self, _let_go, path, descriptor)

    def release(self) -> None:
        """Idempotent."""
        self._release()


def _let_go(path: Path, descriptor: int) -> None:
    path.unlink(missing_ok=True)
    os.close(descriptor)


def is_present(folder: Path, name: str) -> bool:
    """Whether a process holds the presence of this name."""
    try:
        descriptor = os.open(folder / (name + _SUFFIX), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def names(folder: Path) -> Iterator[str]:
    """The names in a folder. Those of dead processes are included until the next presence is made."""
    return (entry.removesuffix(_SUFFIX) for entry in os.listdir(folder) if entry.endswith(_SUFFIX))


def about(folder: Path, name: str) -> str:
    """The text of the presence of this name; empty if there is none any more."""
    try:
        return (folder / (name + _SUFFIX)).read_text()
    except FileNotFoundError:
        return ""


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """One process at a time, for operations of several steps. Nothing may be awaited inside."""
    descriptor = os.open(folder / _GUARD, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _clear(folder: Path) -> None:
    """Remove the files of dead processes. Under the guard, since a file just made is not locked yet."""
    for name in list(names(folder)):
        if not is_present(folder, name):
            (folder / (name + _SUFFIX)).unlink(missing_ok=True)
