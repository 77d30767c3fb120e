"""Keys of backups: one for each, beside the data and not in the backup. Without its key a backup cannot be read.

`<folder>/<backup>.key` is its owner's alone (0600). A key that is destroyed is recorded in `<folder>/destroyed.jsonl`:
which, when, and why. So personal data are erased from backups that cannot be changed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from services.chassis.identity import random_token

KEY_BYTES: Final = 32
RECORD: Final = "destroyed.jsonl"
_FORM: Final = "%Y%m%dT%H%M%S.%fZ"


class KeyGone(Exception):
    """A backup's key is not there; the text says whether it was destroyed."""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """消去の記録: a key that was destroyed, and with it what its backup holds. Instants are the machine's, ISO 8601."""

    backup: str
    destroyed_at: str
    because: str


def key_folder(data: Path) -> Path:
    """Where a data folder's backups have their keys."""
    return data / "backup-keys"


def backup_name(made_at: datetime) -> str:
    """The name of a backup made at this instant."""
    return made_at.astimezone(UTC).strftime(_FORM)


def made_at(backup: str) -> datetime:
    """When a backup was made, by its name. Raises `ValueError` if it is no backup's name."""
    return datetime.strptime(backup, _FORM).replace(tzinfo=UTC)


def make_key(folder: Path, backup: str) -> bytes:
    """A new key, on the disk before anything is encrypted with it. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = bytes.fromhex(random_token() + random_token())
    descriptor = os.open(_file(folder, backup), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{key.hex()}\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def read_key(folder: Path, backup: str) -> bytes:
    """Raises `KeyGone` if it is destroyed, missing or damaged."""
    try:
        key = bytes.fromhex(_file(folder, backup).read_text().strip())
    except (OSError, ValueError):
        key = b""
    if len(key) == KEY_BYTES:
        return key
    for record in destroyed(folder):
        if record.backup == backup:
            when = f"was destroyed at {record.destroyed_at} ({record.because})"
            raise KeyGone(f"the key of backup {backup} {when}: nobody can read it any more")
    raise KeyGone(f"the key of backup {backup} is not in {folder}, or is damaged: name the folder with its key")


def destroy_key(folder: Path, backup: str, now: datetime, because: str) -> Destroyed:
    """Destroy one key, which is there or not. The record is on the disk before the key is gone. Raises `OSError`."""
    record = Destroyed(backup, now.astimezone(UTC).isoformat(), because)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / RECORD, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    _overwrite(_file(folder, backup))
    return record


def destroy_keys(folder: Path, before: datetime, now: datetime, because: str) -> Sequence[Destroyed]:
    """Destroy the keys of all backups made before an instant; returns the records. Raises `OSError`.

    Instants are the machine's, whatever a simulated clock shows. Copies of the keys elsewhere are not destroyed.
    """
    older = [name for name in backups_with_keys(folder) if made_at(name) < before]
    return [destroy_key(folder, name, now, because) for name in older]


def backups_with_keys(folder: Path) -> Sequence[str]:
    """Names of the backups whose keys are there, the oldest first."""
    names = []
    for file in sorted(folder.glob("*.key")):
        try:
            made_at(file.stem)
        except ValueError:
            continue
        names.append(file.stem)
    return names


def destroyed(folder: Path) -> Sequence[Destroyed]:
    """The record of what was destroyed, the oldest first."""
    try:
        lines = (folder / RECORD).read_text().splitlines()
    except FileNotFoundError:
        return []
    return [Destroyed(**json.loads(line)) for line in lines]


def _file(folder: Path, backup: str) -> Path:
    return folder / f"{backup}.key"


def _overwrite(file: Path) -> None:
    """Remove a file, its bytes overwritten first."""
    try:
        with file.open("r+b") as opened:
            opened.write(bytes(file.stat().st_size))
            opened.flush()
            os.fsync(opened.fileno())
        file.unlink()
    except FileNotFoundError:
        return
