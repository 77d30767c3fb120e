"""Checks backups and restores them: completely and unchanged into a new folder, or not at all."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from services.chassis.backup_keys import RECORD, key_folder, read_key
from services.chassis.database.mark import Mark
from services.console.backup.encryption import Altered, decrypt
from services.console.backup.manifest import MANIFEST, FileEntry, Manifest, require_seal


class NotRestored(Exception):
    """A backup is not restored, and nothing was changed; the text says why."""


def check(backup: Path, keys: Path) -> Manifest:
    """Decrypt and compare every file of a backup. Raises `Altered`, `KeyGone`."""
    manifest, key = opened(backup, keys)
    for entry in manifest.files:
        if sum(map(len, decrypt(key, entry.name, backup / entry.stored_as))) != entry.content_bytes:
            raise Altered(f"{backup / entry.stored_as} has not the bytes that the manifest says")
    return manifest


def restore(backup: Path, into: Path, keys: Path) -> Manifest:
    """Restore a backup into a folder that is new or empty. Raises `NotRestored`, `Altered`, `KeyGone`, `OSError`."""
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise NotRestored(f"{into} holds something: name a new folder; move the former data folder away first")
    manifest, key = opened(backup, keys)
    if manifest.kind == "database":
        raise NotRestored(f"{backup} is a backup of a database: restore it --into-database PARTY")
    unfinished = into.absolute().with_name(f".{into.name}.restoring")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    try:
        for entry in manifest.files:
            _write(entry, backup, key, unfinished)
        for name, count in manifest.counts.items():
            Mark(unfinished / name).write(count)
        if manifest.kind == "folder":
            _take_keys(keys, key_folder(unfinished))
        if into.exists():
            into.rmdir()
        unfinished.rename(into)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return manifest


def _take_keys(keys: Path, to: Path) -> None:
    """The restored folder has the backups' keys, so that what erases its data destroys them, too."""
    to.mkdir(mode=0o700)
    for file in (*keys.glob("*.key"), *keys.glob(RECORD)):
        copy = to / file.name
        copy.touch(mode=0o600)
        copy.write_bytes(file.read_bytes())


def opened(backup: Path, keys: Path) -> tuple[Manifest, bytes]:
    """(manifest, key) of a backup whose files are all there, as they were written."""
    manifest, document = Manifest.read(backup)
    key = read_key(keys, manifest.backup)
    require_seal(backup, document, key)
    wanted = {entry.stored_as: entry for entry in manifest.files}
    there = {file.name for file in backup.iterdir()} - {MANIFEST}
    if missing := sorted(wanted.keys() - there):
        raise Altered(f"{backup} is not complete: {', '.join(missing)} missing")
    if foreign := sorted(there - wanted.keys()):
        raise Altered(f"{backup} holds {', '.join(foreign)}, which the manifest does not name")
    for name, entry in wanted.items():
        if _sha256(backup / name) != entry.sha256:
            raise Altered(f"{backup / name} was altered")
    return manifest, key


def _write(entry: FileEntry, backup: Path, key: bytes, folder: Path) -> None:
    file = folder / entry.name
    if folder not in file.resolve().parents:
        raise Altered(f"{backup} names a file outside of its folder: {entry.name}")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    with file.open("wb") as out:
        for chunk in decrypt(key, entry.name, backup / entry.stored_as):
            out.write(chunk)
    if file.stat().st_size != entry.content_bytes:
        raise Altered(f"{backup / entry.stored_as} has not the bytes that the manifest says")
    if file.suffix in (".db", ".sqlite"):
        _require_whole(file, backup)


def _require_whole(file: Path, backup: Path) -> None:
    with closing(sqlite3.connect(file)) as opened:
        if (found := opened.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
            raise Altered(f"{file.name} of {backup} is damaged: {found[0]}")


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
