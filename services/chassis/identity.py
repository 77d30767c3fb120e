"""Identity, passed in. The only module that draws random numbers or hashes natural keys into ids.

Whoever causes a thing makes its id. In simulation it follows from the seed, the kind of thing and its natural
key, so that every process, and every run of one seed, gives the same thing the same id (UUID version 8). In real
time it is a UUID version 7 (RFC 9562), which sorts by the time it was made.
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
    """Ids from a seed: the same thing always has the same id."""

    def __init__(self, seed: int) -> None:
        self._root = blake2b(b"sansha/%d" % seed, digest_size=32).digest()

    def new(self, kind: str, *natural_key: str) -> str:
        text = "\x1f".join((kind, *natural_key)).encode()
        return _uuid(blake2b(text, digest_size=16, key=self._root).digest(), version=8)


class TimeOrderedIdentity:
    """Ids for real time; the natural key is not used."""

    def new(self, kind: str, *natural_key: str) -> str:
        milliseconds = int(real_time() * 1000)
        return _uuid(milliseconds.to_bytes(6, "big") + secrets.token_bytes(10), version=7)


def _uuid(raw: bytes, version: int) -> str:
    """16 random bytes with the marks of a UUID of this version (RFC 9562), in canonical form."""
    digits = raw.hex()
    variant = "89ab"[raw[8] >> 4 & 3]
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def random_token() -> str:
    """32 hex digits that nobody can guess: names of processes, secrets made at first start."""
    return secrets.token_hex(16)


Chance = random.Random
"""A source of random numbers, passed in."""


def chance(seed: int, *names: str) -> Chance:
    """Random numbers that follow from the seed and what they are for: the same in every run and process."""
    return Chance("\x1f".join((str(seed), *names)))
