"""Makes backups of a data folder, and keeps as many as are wanted."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from services.chassis.backup_keys import backup_name, destroy_key, key_folder, made_at, make_key
from services.chassis.machine_time import real_now
from services.console import __version__
from services.console.backup.encryption import encrypt
from services.console.backup.manifest import MANIFEST, FileEntry, Manifest
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
    name, key, unfinished = _begun(to, keys)
    copy = data / f"{COPY}.{os.getpid()}"
    try:
        beside = [file for pattern in BESIDE for file in sorted(data.glob(pattern)) if file.is_file()]
        entries = [_added(key, unfinished, str(file.relative_to(data)), file) for file in beside]
        with snapshot(data) as taken:
            for each in taken.names:
                taken.copy(each, copy)
                entries.append(_added(key, unfinished, each, copy))
                copy.unlink()
            manifest = Manifest(name, "folder", __version__, tuple(entries), taken.counts, taken.ends, taken.committed)
        return _completed(manifest, key, unfinished, to / name)
    except BaseException:
        _given_up(unfinished, keys, name)
        raise
    finally:
        copy.unlink(missing_ok=True)


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
    name, key, unfinished = _begun(to, keys)
    try:
        entries = [_added(key, unfinished, file.name, file) for file in files]
        return _completed(Manifest(name, "files", __version__, tuple(entries)), key, unfinished, to / name)
    except BaseException:
        _given_up(unfinished, keys, name)
        raise


def backups(to: Path) -> Sequence[Path]:
    """The complete backups of a folder, the oldest first."""
    return [folder for folder in sorted(to.iterdir()) if _is_backup(folder)] if to.is_dir() else []


def keep_latest(to: Path, keys: Path, count: int, kind: str = "folder") -> Sequence[str]:
    """Remove backups of this kind beyond the latest `count`, keys first; returns their names. Raises `OSError`."""
    ours = [folder for folder in backups(to) if f'"kind": "{kind}"' in (folder / MANIFEST).read_text()]
    removed = []
    for folder in ours[:-count]:
        destroy_key(keys, folder.name, real_now(), f"only the latest {count} are kept")
        shutil.rmtree(folder)
        removed.append(folder.name)
    return removed


def _begun(to: Path, keys: Path) -> tuple[str, bytes, Path]:
    """(name, key, folder to write into)"""
    name = backup_name(real_now())
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = to / f".{name}"
    unfinished.mkdir(mode=0o700)
    return name, make_key(keys, name), unfinished


def _added(key: bytes, folder: Path, name: str, file: Path) -> FileEntry:
    entry = FileEntry(name, 0, 0, "")
    with file.open("rb") as content:
        written = encrypt(key, name, content, folder / entry.stored_as)
    return FileEntry(name, *written)


def _completed(manifest: Manifest, key: bytes, unfinished: Path, folder: Path) -> Path:
    """On the disk before it has its name."""
    manifest.write(unfinished, key)
    _flush(unfinished.iterdir())
    unfinished.rename(folder)
    _flush([folder.parent])
    return folder


def _given_up(unfinished: Path, keys: Path, name: str) -> None:
    shutil.rmtree(unfinished, ignore_errors=True)
    destroy_key(keys, name, real_now(), "its backup was not completed")


def _flush(paths: Iterable[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _is_backup(folder: Path) -> bool:
    try:
        made_at(folder.name)
    except ValueError:
        return False
    return (folder / MANIFEST).is_file()
