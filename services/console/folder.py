"""The data folder of a stack or a sandbox: its databases, and the file with the seed, the secret and what it holds.

It holds personal data and secrets: the folder and everything in it are its owner's alone.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from contracts.parties import PARTIES
from contracts.topics import TOPICS
from services.chassis.identity import random_token
from services.console import __version__

DEFAULT_FOLDER = Path("sansha-data")
STACK_FILE = "sansha.json"
_KEPT = ("*.db", "bus/*.sqlite", "sealing/*.json", "signing/*.key")
"""The databases, the files of the log in the folder, and the keys that open what is sealed, or sign."""
_FOLDERS = ("access", "bus", "logs", "members", "listeners", "sealing", "signing", "backup-keys")
_OURS = (
    *("sansha.*", "clock.*", "up.lock", "*.db", "*.db[-.]*"),
    *(f"{folder}{files}" for folder in _FOLDERS for files in ("", "/**/*")),
    *("guard", "*.sqlite", "*.sqlite-*"),
)
"""What a data folder and a log's folder hold; other files in them are left alone."""
_RIGHTS_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class StackFile:
    """The seed from which a folder's ids follow, the secret that keys its tokens, and what else the folder holds."""

    seed: int | None
    secret: str
    holds: tuple[str, ...] = ()
    """Databases, files of the log, keys, relative to the folder, once they were there; empty in a folder of before."""

    @classmethod
    def open(cls, folder: Path, seed: int | None) -> StackFile:
        """Read the folder's file, or create it.

        Raises `ValueError` for another seed, a damaged file, or if something that the folder held is missing.
        """
        path = folder / STACK_FILE
        if not path.exists():
            if found := _held_in(folder):
                raise ValueError(
                    f"{folder} holds {', '.join(found)}, and {STACK_FILE} is missing, which has their seed or secret: "
                    "restore it from the folder's backup, or name another folder"
                )
            made = cls(seed, "" if seed is not None else random_token())
            made.write(folder)
            return made
        stored = cls._read(path)
        if seed is not None and stored.seed != seed:
            raise ValueError(
                f"{folder} was made with seed {stored.seed}, not {seed}; leave --seed out or name another folder"
            )
        if missing := [name for name in stored.holds if not (folder / name).exists()]:
            raise ValueError(
                f"{folder} held {', '.join(missing)}: missing now; restore the whole folder from one backup, or name "
                f"another folder; what was moved on purpose is to be taken out of {path}"
            )
        return stored

    @classmethod
    def _read(cls, path: Path) -> StackFile:
        try:
            document: dict[str, Any] = json.loads(path.read_text())
            holds = tuple(map(str, document.get("holds", ())))
            return cls(document["seed"], document["secret"], holds)
        except (ValueError, LookupError, TypeError, AttributeError):
            raise ValueError(f"{path} is damaged; restore it from a backup or name another folder") from None

    def with_all(self, folder: Path) -> StackFile:
        """The file with all that the folder holds now. Written if that is more than before."""
        there = tuple(sorted({*self.holds, *_held_in(folder)}))
        if there == self.holds:
            return self
        grown = replace(self, holds=there)
        grown.write(folder)
        return grown

    def write(self, folder: Path) -> None:
        """Write the file, completely or not at all, readable by its owner only."""
        path = folder / STACK_FILE
        written = path.with_suffix(".new")
        written.touch(mode=0o600)
        written.write_text(json.dumps({**asdict(self), "program": __version__}) + "\n")
        written.replace(path)


def _held_in(folder: Path) -> Sequence[str]:
    return sorted(str(path.relative_to(folder)) for kept in _KEPT for path in folder.glob(kept))


def in_use(folder: Path) -> frozenset[Path]:
    """The databases and log files that a stack of this folder uses, as far as they are there."""
    databases = (folder / f"{principal}.db" for principal in PARTIES)
    log = (folder / "bus" / name for name in ("groups.sqlite", *(f"{topic.name}.log.sqlite" for topic in TOPICS)))
    return frozenset(path for path in (*databases, *log) if path.is_file())


def make_private(folder: Path) -> Sequence[str]:
    """Make the folder if it is missing; take the rights of others from it and from our files in it.

    Returns a line for each file of which that is not possible. Raises `ValueError` for a folder of another user or one
    that every user may write to, `OSError` if it cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = folder.stat()
    if about.st_uid != os.geteuid():
        raise ValueError(f"{folder} belongs to another user; run this as that user, or name another --database-dir")
    if about.st_mode & stat.S_IWOTH:
        raise ValueError(
            f"every user may write to {folder}, so its files may be anybody's; name another --database-dir, or check "
            f"what it holds and run: chmod 700 {folder}"
        )
    ours = (path for pattern in _OURS for path in folder.glob(pattern))
    return [line for path in (folder, *ours) if (line := _kept_from_others(path))]


def _kept_from_others(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & _RIGHTS_OF_OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~_RIGHTS_OF_OTHERS)
    except FileNotFoundError:  # another process has removed it
        return ""
    except OSError as wrong:
        return (
            f"other users may have rights on {path}, which cannot be changed ({wrong.strerror}); run: chmod go= {path}"
        )
    return ""


def database_url(folder: Path | None, principal: str) -> str:
    """The URL of a party's embedded database: a file named after it, or in memory."""
    return "sqlite://" if folder is None else f"sqlite:///{folder / f'{principal}.db'}"
