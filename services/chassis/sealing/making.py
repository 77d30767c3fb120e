"""Key pairs for months: made ahead, so that no party waits for another's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from contracts.sealing import as_bytes, as_text
from services.chassis.identity import random_key
from services.chassis.sealing.key_files import PrivateKeys, read_private_keys, write_private_keys
from services.chassis.sealing.port import MissingKeys


def make_private_keys(path: Path, principal: str, months: Iterable[str]) -> Mapping[str, str]:
    """Add the months that are missing to a principal's private keys; returns its public keys, month → base64url.

    A month whose key was destroyed stays without. Raises `MissingKeys` for a damaged file or one of another principal,
    `OSError` if it cannot be written.
    """
    keys = read_private_keys(path) if path.exists() else PrivateKeys(principal, {})
    if keys.principal != principal:
        raise MissingKeys(f"{path} has the keys of {keys.principal}, not of {principal}; name another file")
    new = {m: as_text(random_key()) for m in months if m not in keys.private_keys and keys.was_destroyed(m) is None}
    if new:
        both = dict(sorted({**keys.private_keys, **new}.items()))
        keys = msgspec.structs.replace(keys, private_keys=both)
        write_private_keys(path, keys)
    return {month: _public(key) for month, key in keys.private_keys.items()}


def _public(private_key: str) -> str:
    raw: bytes = X25519PrivateKey.from_private_bytes(as_bytes(private_key)).public_key().public_bytes_raw()
    return as_text(raw)
