"""The data folder of a stack or a sandbox: its databases, and the file with the seed and the secret."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.chassis.identity import random_token

DEFAULT_FOLDER = Path("sansha-data")
STACK_FILE = "sansha.json"


@dataclass(frozen=True, slots=True)
class StackFile:
    """The seed from which a folder's ids follow, and the secret that keys its tokens."""

    seed: int | None
    secret: str

    @classmethod
    def open(cls, folder: Path, seed: int | None) -> StackFile:
        """Read the folder's file, or create it. Raises `ValueError` for another seed or a damaged file."""
        path = folder / STACK_FILE
        if not path.exists():
            made = cls(seed, "" if seed is not None else random_token())
            made.write(folder)
            return made
        try:
            document: dict[str, Any] = json.loads(path.read_text())
            stored = cls(document["seed"], document["secret"])
        except (ValueError, LookupError, TypeError):
            raise ValueError(f"{path} is damaged; restore it from a backup or name another folder") from None
        if seed is not None and stored.seed != seed:
            raise ValueError(
                f"{folder} was made with seed {stored.seed}, not {seed}; leave --seed out or name another folder"
            )
        return stored

    def write(self, folder: Path) -> None:
        """Write the file, readable by its owner only."""
        path = folder / STACK_FILE
        path.touch(mode=0o600)
        path.write_text(json.dumps({"seed": self.seed, "secret": self.secret}) + "\n")


def database_url(folder: Path | None, principal: str) -> str:
    """The URL of a party's embedded database: a file named after it, or in memory."""
    return "sqlite://" if folder is None else f"sqlite:///{folder / f'{principal}.db'}"
