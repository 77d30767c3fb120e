"""The files of keys, both JSON.

Private, of one principal, mode 0600: `{"principal": "ward", "private_keys": {"2021-07": "BASE64URL", …}, "destroyed":
[{"before": "2021-07", "at": "2021-08-01T00:00:00Z"}]}`. Public, of any principals: `{"ward": {"2021-07": "BASE64URL",
…}, …}`; a folder of such files is as good, so that a party hands its own over as a file. A key has the 32 bytes of
X25519 (RFC 7748).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from contracts.sealing import KEY_BYTES, as_bytes, is_period
from services.chassis.sealing.port import MissingKeys

PublicKeys = Mapping[str, Mapping[str, str]]
"""Principal → month → key, in base64url."""
_OTHERS = 0o007


class Destroyed(msgspec.Struct, frozen=True):
    """That the keys of all months before this one were destroyed, and when."""

    before: str
    at: datetime


class PrivateKeys(msgspec.Struct, frozen=True):
    """The private keys of one principal."""

    principal: str
    private_keys: Mapping[str, str]
    """Month → key, in base64url."""
    destroyed: tuple[Destroyed, ...] = ()

    def was_destroyed(self, period: str) -> Destroyed | None:
        """The record of the destruction that the key of this month fell to."""
        return next((one for one in self.destroyed if period < one.before), None)

    def without(self, before: str, at: datetime) -> PrivateKeys:
        kept = {period: key for period, key in self.private_keys.items() if period >= before}
        return msgspec.structs.replace(self, private_keys=kept, destroyed=(*self.destroyed, Destroyed(before, at)))


def read_private_keys(path: Path) -> PrivateKeys:
    """Raises `MissingKeys` for a file that is missing, damaged or readable by others."""
    try:
        if path.stat().st_mode & _OTHERS:
            raise MissingKeys(f"{path} can be read by any user of this machine; set its mode to 0600")
        keys = msgspec.json.decode(path.read_bytes(), type=PrivateKeys)
        for period, key in keys.private_keys.items():
            _require(period, key)
    except OSError as gone:
        raise MissingKeys(f"{path}: {gone.strerror}; restore it: without it nothing sealed can be opened") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as wrong:
        raise MissingKeys(f"{path} is damaged ({wrong}); restore it: without it nothing sealed can be opened") from None
    return keys


def read_public_keys(path: Path) -> PublicKeys:
    """Of a file, or of all `*.json` in a folder. Raises `MissingKeys`."""
    found: dict[str, Mapping[str, str]] = {}
    try:
        for one in sorted(path.glob("*.json")) if path.is_dir() else [path]:
            found |= msgspec.json.decode(one.read_bytes(), type=dict[str, dict[str, str]])
        for keys in found.values():
            for period, key in keys.items():
                _require(period, key)
    except OSError as gone:
        raise MissingKeys(f"{path}: {gone.strerror}; make keys with: sansha provision keys") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as wrong:
        raise MissingKeys(f"{path} is damaged ({wrong}); restore it, or fetch it from its readers again") from None
    return found


def _require(period: str, key: str) -> None:
    if not is_period(period):
        raise ValueError(f"{period!r} is no month; write it like 2021-07")
    if len(as_bytes(key)) != KEY_BYTES:
        raise ValueError(f"the key of {period} does not have {KEY_BYTES} bytes")


def write_private_keys(path: Path, keys: PrivateKeys) -> None:
    _write(path, msgspec.json.format(msgspec.json.encode(keys), indent=1), 0o600)


def write_public_keys(path: Path, keys: PublicKeys) -> None:
    _write(path, msgspec.json.format(msgspec.json.encode(keys), indent=1), 0o644)


def destroy(path: Path, before: str, at: datetime) -> PrivateKeys:
    """Take the private keys of all months before this one out of the file; returns what is left.

    They are gone when this returns, also after a power loss. What a medium keeps of overwritten files is its own: see
    docs/sealing.md. Destroying again what is destroyed changes nothing. Raises `OSError`, `MissingKeys`.
    """
    with _alone(path.parent):
        keys = read_private_keys(path)
        if any(before <= one.before for one in keys.destroyed):
            return keys
        left = keys.without(before, at)
        write_private_keys(path, left)
    return left


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time: the one that reads before another has written would write back what that one took out."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Completely or not at all; it survives a power loss from then on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = path.with_suffix(".new")
    written.unlink(missing_ok=True)
    descriptor = os.open(written, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content + b"\n")
        file.flush()
        os.fsync(descriptor)
    written.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
