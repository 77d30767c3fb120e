"""Seals events and files for the readers of their topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contracts.cloudevents import Headers
from contracts.sealing import (
    NONCE_BYTES,
    READERS,
    SealedFor,
    as_bytes,
    bound_to,
    event_info,
    file_info,
    period_of,
    sealed_headers,
)
from services.chassis.identity import random_key
from services.chassis.sealing.files import sealed_file
from services.chassis.sealing.hpke import wrap
from services.chassis.sealing.key_files import read_public_keys
from services.chassis.sealing.port import MissingKeys

KEYS_HELD = 64
"""Data keys in memory. One that is made again is another, so dropping one costs a header that its reader unwraps."""


class _DataKey:
    """A random key of this process alone: a counter never repeats a nonce with it."""

    def __init__(self, key: bytes, sealed_for: SealedFor) -> None:
        self._aead, self._numbers = AESGCM(key), count()
        self.sealed_for = str(sealed_for).encode()

    def encrypt(self, value: bytes, bound: bytes) -> bytes:
        nonce = next(self._numbers).to_bytes(NONCE_BYTES, "big")
        sealed: bytes = nonce + self._aead.encrypt(nonce, value, bound)
        return sealed


class HpkeSealer:
    """A data key for each topic and month, made at its first use and wrapped for the topic's readers.

    `readers` has their public keys. Raises `MissingKeys` for files that cannot be used.
    """

    def __init__(self, readers: Path) -> None:
        self._path, self._public = readers, read_public_keys(readers)
        self._keys: dict[tuple[str, str], _DataKey] = {}

    def seal(self, topic: str, key: str, headers: Headers, at: datetime, value: bytes) -> tuple[Headers, bytes]:
        readers = READERS.get(topic, ())
        if not readers:
            return headers, value
        period = period_of(at)
        data_key = self._keys.get((topic, period)) or self._new_key(topic, period, readers)
        marks = sealed_headers(headers, data_key.sealed_for)
        return marks, data_key.encrypt(value, bound_to(topic, key, dict(marks)))

    def seal_file(self, name: str, topic: str, at: datetime, content: Iterable[bytes]) -> Iterator[bytes]:
        period, key = period_of(at), random_key()
        infos = {reader: file_info(name, period, reader) for reader in READERS[topic]}
        return sealed_file(name, key, SealedFor(period, self._wrapped(key, period, infos)), content)

    def forget(self) -> None:
        self._keys.clear()

    def _new_key(self, topic: str, period: str, readers: Sequence[str]) -> _DataKey:
        if len(self._keys) >= KEYS_HELD:
            del self._keys[next(iter(self._keys))]
        key = random_key()
        infos = {reader: event_info(topic, period, reader) for reader in readers}
        made = self._keys[topic, period] = _DataKey(key, SealedFor(period, self._wrapped(key, period, infos)))
        return made

    def _wrapped(self, key: bytes, period: str, infos: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """`infos`: reader → what its copy is bound to."""
        if missing := [reader for reader in infos if period not in self._public.get(reader, {})]:
            raise MissingKeys(
                f"{self._path} has no public key of {', '.join(missing)} for {period}: have it made for that month "
                "(sansha provision keys), and put it there"
            )
        return {reader: wrap(key, as_bytes(self._public[reader][period]), info) for reader, info in infos.items()}
