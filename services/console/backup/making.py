"""Makes backups of a data folder, and keeps as many as are wanted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from services.chassis.backup_keys import backup_name, destroy_key, key_folder, made_at, make_key
from services.chassis.machine_time import real_now
from services.console import __version__
from services.console.backup.encryption import Altered, Written, encrypt
from services.console.backup.manifest import MANIFEST, FileEntry, Kind, Manifest
from services.console.backup.snapshot import CannotBackUp, snapshot
from services.console.folder import STACK_FILE

BESIDE: Final = ("sansha.json", "clock.txt", "access/*", "sealing/*", "signing/*")
"""What a data folder needs besides its databases and its log."""
COPY: Final = "backup.tmp"


def back_up(data: Path, to: Path, keys: Path) -> Path:
    """Back up a data folder, whose stack may run, into a new folder of `to`; returns it.

    It is complete when it has its name: what is left of one that failed begins with a dot.
    Raises `CannotBackUp`, `OSError`.
    """
    if not (data / STACK_FILE).is_file():
        raise CannotBackUp(f"{data} has no {STACK_FILE}: name the data folder of a stack that has run")
    copy = data / f"{COPY}.{os.getpid()}"
    beside = [file for pattern in BESIDE for file in sorted(data.glob(pattern)) if file.is_file()]
    with begun(to, keys) as new, _removed(copy):
        for file in beside:
            new.add(str(file.relative_to(data)), file)
        with snapshot(data) as taken:
            for name in taken.names:
                taken.copy(name, copy)
                new.add(name, copy)
                copy.unlink()
            return new.complete("folder", counts=taken.counts, ends=taken.ends, committed=taken.committed)


def back_up_and_keep(data: Path, to: Path, count: int) -> Path:
    """Back up a data folder, and remove backups beyond the latest `count`. Raises as `back_up`."""
    keys = key_folder(data)
    made = back_up(data, to, keys)
    keep_latest(to, keys, count)
    return made


def pack(files: Sequence[Path], to: Path, keys: Path) -> Path:
    """Encrypt files, such as dumps of PostgreSQL, into a backup of their own; returns its folder.

    Raises `CannotBackUp` for files of one name, `OSError`.
    """
    if len({file.name for file in files}) < len(files):
        raise CannotBackUp("two of the files have one name; give each another")
    with begun(to, keys) as new:
        for file in files:
            new.add(file.name, file)
        return new.complete("files")


def backups(to: Path) -> Sequence[Path]:
    """The complete backups of a folder, the oldest first."""
    return [folder for folder in sorted(to.iterdir()) if _is_backup(folder)] if to.is_dir() else []


def keep_latest(to: Path, keys: Path, count: int, kind: str = "folder") -> Sequence[str]:
    """Remove backups of this kind beyond the latest `count`, keys first; returns their names. Raises `OSError`."""
    ours = [folder for folder in backups(to) if _kind(folder) == kind]
    removed = []
    for folder in ours[:-count]:
        destroy_key(keys, folder.name, real_now(), f"only the latest {count} are kept")
        shutil.rmtree(folder)
        removed.append(folder.name)
    return removed


class NewBackup:
    """A backup that is being made, in a folder whose name begins with a dot."""

    def __init__(self, name: str, to: Path, key: bytes) -> None:
        self.name, self.key, self._to, self.folder = name, key, to, to / f".{name}"
        self._files: list[FileEntry] = []

    def add(self, name: str, file: Path) -> None:
        """Raises `OSError`."""
        with file.open("rb") as content:
            self.added(name, encrypt(self.key, name, content, self.place(name)))

    def place(self, name: str) -> Path:
        """Where a file of this name is written."""
        return self.folder / FileEntry(name, 0, 0, "").stored_as

    def added(self, name: str, written: Written) -> None:
        self._files.append(FileEntry(name, *written))

    def complete(self, kind: Kind, **places: Any) -> Path:
        """Write the manifest, with the places in the log; give it its name once it is on the disk; returns it."""
        Manifest(self.name, kind, __version__, tuple(self._files), **places).write(self.folder, self.key)
        _flush(self.folder.iterdir())
        made = self.folder.rename(self._to / self.name)
        _flush([self._to])
        return made


@contextmanager
def begun(to: Path, keys: Path) -> Iterator[NewBackup]:
    """A new backup; if it is not completed, nothing is left of it but the record of its key. Raises `OSError`."""
    name = backup_name(real_now())
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = NewBackup(name, to, make_key(keys, name))
    try:
        new.folder.mkdir(mode=0o700)
        yield new
    except BaseException:
        shutil.rmtree(new.folder, ignore_errors=True)
        destroy_key(keys, name, real_now(), "its backup was not completed")
        raise


@contextmanager
def _removed(file: Path) -> Iterator[None]:
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def _flush(paths: Iterable[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _kind(folder: Path) -> str:
    """Empty for a damaged manifest: such a backup is left for somebody to look at."""
    try:
        return Manifest.read(folder)[0].kind
    except Altered:
        return ""


def _is_backup(folder: Path) -> bool:
    try:
        made_at(folder.name)
    except ValueError:
        return False
    return (folder / MANIFEST).is_file()
