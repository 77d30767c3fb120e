"""Ids and chance, passed in. The only module that draws random numbers or hashes natural keys into ids.

The party that causes a thing makes its id. In simulation the id follows from the seed, the kind of thing and its
natural key, so that every process, and every run with one seed, gives the same thing the same id (UUID version 8). In
real time it is a UUID version 7 (RFC 9562), which sorts by the time of its making.
"""

from __future__ import annotations

import random
import secrets
from hashlib import blake2b
from typing import Protocol

from services.chassis.clock import real_time


class Identity(Protocol):
    """Gives ids."""

    def new(self, kind: str, *natural_key: str) -> str:
        """A canonical UUID for the thing of this kind with this natural key."""


class SeededIdentity:
    """Ids from a seed: the same thing always gets the same id."""

    def __init__(self, seed: int) -> None:
        self._root = blake2b(b"sansha/%d" % seed, digest_size=32).digest()

    def new(self, kind: str, *natural_key: str) -> str:
        text = "\x1f".join((kind, *natural_key)).encode()
        return _uuid(blake2b(text, digest_size=16, key=self._root).digest(), version=8)


class TimeOrderedIdentity:
    """Ids for real time. Does not use the natural key."""

    def new(self, kind: str, *natural_key: str) -> str:
        milliseconds = int(real_time() * 1000)
        return _uuid(milliseconds.to_bytes(6, "big") + secrets.token_bytes(10), version=7)


def _uuid(raw: bytes, version: int) -> str:
    """The canonical form of 16 bytes, with the version and variant bits of a UUID (RFC 9562) set."""
    digits = raw.hex()
    variant = "89ab"[raw[8] >> 4 & 3]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def random_token() -> str:
    """32 unguessable hex digits, for names of processes and for secrets made at the first start."""
    return secrets.token_hex(16)


def random_key() -> bytes:
    """256 unguessable bits: a key of AES-256 or X25519."""
    return secrets.token_bytes(32)


Chance = random.Random
"""A source of random numbers."""


def chance(seed: int, *names: str) -> Chance:
    """Random numbers that follow from the seed and from `names`, which say what they are for."""
    return Chance("\x1f".join((str(seed), *names)))
