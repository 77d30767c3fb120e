"""The manifest of a backup: its files with checksums, and the place in the log of each party. Sealed, not secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from services.chassis.backup_keys import made_at
from services.console.backup.encryption import Altered, key_for

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
Kind = Literal["folder", "files", "database"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the backup; bytes and SHA-256 of it as it is encrypted."""

    name: str
    content_bytes: int
    bytes: int
    sha256: str

    @property
    def stored_as(self) -> str:
        return f"{self.name.replace('/', '_')}.enc"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: `folder` a whole data folder, `database` one on PostgreSQL, `files` any that were given."""

    backup: str
    kind: Kind
    program: str
    files: tuple[FileEntry, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    """Database → how far it is (`PRAGMA user_version`), as its mark has it."""
    ends: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Topic → partition → the next offset."""
    committed: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    """Consumer group, hence party → topic → partition → the offset from which it goes on."""

    def write(self, folder: Path, key: bytes) -> None:
        """Last of all: a backup without a manifest is not complete."""
        document = {"format": FORMAT, **asdict(self)}
        document["seal"] = _seal(document, key)
        (folder / MANIFEST).write_text(json.dumps(document, indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> tuple[Manifest, dict[str, Any]]:
        """(the manifest, its document, for `require_seal`). Raises `Altered`."""
        if not folder.is_dir():
            raise Altered(f"there is no backup {folder}; sansha backup list shows those there are")
        try:
            document: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
            given = {name: value for name, value in document.items() if name not in ("format", "seal")}
            made = cls(**{**given, "files": tuple(FileEntry(**entry) for entry in given["files"])})
            made_at(made.backup)
        except FileNotFoundError:
            raise Altered(f"{folder} has no {MANIFEST}: it is no backup, or one that was not completed") from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise Altered(f"{folder / MANIFEST} was altered or is damaged") from None
        if document.get("format") != FORMAT:
            raise Altered(f"{folder / MANIFEST} is of format {document.get('format')}: upgrade sansha")
        return made, document


def require_seal(folder: Path, document: dict[str, Any], key: bytes) -> None:
    """Raises `Altered` for a manifest that the holder of the key has not written."""
    if not hmac.compare_digest(str(document.get("seal")), _seal(document, key)):
        raise Altered(f"{folder / MANIFEST} was altered")


def _seal(document: Mapping[str, Any], key: bytes) -> str:
    said = json.dumps({k: v for k, v in document.items() if k != "seal"}, sort_keys=True).encode()
    return hmac.digest(key_for(key, "manifest"), said, hashlib.sha256).hex()
