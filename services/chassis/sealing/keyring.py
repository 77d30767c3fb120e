"""A party's private keys, by month, and their destruction."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from contracts.sealing import SealedFor, Unopenable, as_bytes
from services.chassis.sealing.hpke import unwrap
from services.chassis.sealing.key_files import PrivateKeys, destroy, read_private_keys
from services.chassis.sealing.port import MissingKeys


class Keyring:
    """The keys of one file. Raises `MissingKeys` if it cannot be used, or belongs to another principal."""

    def __init__(self, principal: str, path: Path) -> None:
        self.principal, self._path = principal, path
        self._keys = self._read()

    def data_key(self, sealed_for: SealedFor, info: bytes) -> bytes:
        """The data key that was wrapped for this principal. Raises `Unopenable`."""
        wrapped = sealed_for.keys.get(self.principal)
        if wrapped is None:
            raise Unopenable(f"it is sealed for {', '.join(sealed_for.keys)}, not for {self.principal}")
        private_key = self._keys.private_keys.get(sealed_for.period)
        if private_key is None:
            gone = self._keys.was_destroyed(sealed_for.period)
            why = f"was destroyed on {gone.at.isoformat()}" if gone else f"is not in {self._path}"
            raise Unopenable(f"the key of {self.principal} for {sealed_for.period} {why}")
        return unwrap(wrapped, as_bytes(private_key), info)

    def refresh(self) -> bool:
        """Read the file again if it has changed; returns whether it had. Raises `MissingKeys`."""
        try:
            changed = _state(self._path) != self._read_at
        except OSError as gone:
            raise MissingKeys(f"{self._path}: {gone.strerror}; restore it, then start again") from None
        if changed:
            self._keys = self._read()
        return changed

    def destroy(self, before: str, at: datetime) -> None:
        """Destroy the keys of all months before this one, for good. Raises `OSError`, `MissingKeys`."""
        destroy(self._path, before, at)
        self._keys = self._read()

    def _read(self) -> PrivateKeys:
        self._read_at = _state(self._path) if self._path.exists() else ()
        keys = read_private_keys(self._path)
        if keys.principal != self.principal:
            raise MissingKeys(f"{self._path} has the keys of {keys.principal}, not of {self.principal}")
        return keys


def _state(path: Path) -> tuple[int, ...]:
    """Differs once the file was written again."""
    about = os.stat(path)
    return about.st_ino, about.st_mtime_ns, about.st_size
