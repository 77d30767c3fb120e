"""The signing keys of a data folder: a party's own, for its secret follows from a seed that anybody may know."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from contracts.parties import PARTIES, WARD
from services.chassis.backup_keys import key_folder
from services.chassis.identity import random_token
from services.console.stack.private_files import write_private


def signing_key_file(folder: Path, principal: str) -> Path:
    return folder / "signing" / f"{principal}.key"


def make_signing_keys(folder: Path) -> None:
    """Make the keys that are missing. Raises `OSError` if the folder cannot be written."""
    for principal in PARTIES:
        file = signing_key_file(folder, principal)
        if not file.exists():
            write_private(file, f"{new_signing_key()}\n")


def new_signing_key() -> str:
    """64 hex digits."""
    return random_token() + random_token()


def of_duties(folder: Path, principal: str) -> Mapping[str, str]:
    """Variables of a party's process: its key, and that its staff do what is owed, unless the environment says so.

    A contractor's erasure destroys the keys of the backups made before it, in which its data still are.
    """
    key = signing_key_file(folder, principal).read_text().strip()
    of_backups = {} if principal == WARD else {"SANSHA_BACKUP_KEYS_DIR": str(key_folder(folder))}
    return {"SANSHA_SIGNING_KEY": key, "SANSHA_DUTIES": os.environ.get("SANSHA_DUTIES", "kept"), **of_backups}
