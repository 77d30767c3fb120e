"""Sealing as the rest of the chassis sees it, and what stands in its place where nothing is sealed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, Protocol

from contracts.cloudevents import Headers
from contracts.sealing import CONTENT_TYPE, FILE_MARK, SEALED, Unopenable, UnopenableEvent
from services.chassis.outages import Unusable


class MissingKeys(Unusable):
    """Keys that are needed are missing or cannot be read; the text says which, and how to make them."""


class Sealer(Protocol):
    """Seals for the readers of a topic."""

    def seal(self, topic: str, key: str, headers: Headers, at: datetime, value: bytes) -> tuple[Headers, bytes]:
        """(headers, value) as they stand on the bus. Raises `MissingKeys` if a reader has no key for that month."""

    def seal_file(self, name: str, topic: str, at: datetime, content: Iterable[bytes]) -> Iterator[bytes]:
        """A file made at this instant, sealed for the readers of a topic, in pieces. Raises `MissingKeys`."""

    def forget(self) -> None:
        """Drop the data keys in memory; what is sealed next is sealed with new ones."""


class Opener(Protocol):
    """Opens what was sealed for one reader. What is not sealed stays as it is."""

    def open(self, topic: str, key: str, headers: Headers, value: bytes) -> bytes:
        """The event's JSON. Raises `UnopenableEvent`."""

    def open_file(self, name: str, content: BinaryIO) -> Iterator[bytes]:
        """The bytes of a file, in pieces. They must not be used before the last has come. Raises `Unopenable`."""

    def refresh(self) -> None:
        """Notice months that were destroyed by another process."""

    def destroy(self, before: str, at: datetime) -> None:
        """Destroy the private keys of all months before this one, for good; `at` is recorded."""


class Unsealed:
    """A sealer that seals nothing."""

    def seal(self, topic: str, key: str, headers: Headers, at: datetime, value: bytes) -> tuple[Headers, bytes]:
        return headers, value

    def seal_file(self, name: str, topic: str, at: datetime, content: Iterable[bytes]) -> Iterator[bytes]:
        return iter(content)

    def forget(self) -> None:
        return None


class Keyless:
    """An opener without keys."""

    def open(self, topic: str, key: str, headers: Headers, value: bytes) -> bytes:
        if is_sealed(headers):
            raise UnopenableEvent(f"{_NO_KEYS} to open it")
        return value

    def open_file(self, name: str, content: BinaryIO) -> Iterator[bytes]:
        if is_sealed_file(content):
            raise Unopenable(f"{_NO_KEYS} to open it")
        return plain_file(content)

    def refresh(self) -> None:
        return None

    def destroy(self, before: str, at: datetime) -> None:
        raise MissingKeys(f"{_NO_KEYS} to destroy")


_NO_KEYS = "there are no private keys (SANSHA_SEALING_KEYS_FILE)"
_BLOCK = 1 << 17


def is_sealed(headers: Headers) -> bool:
    return (CONTENT_TYPE, SEALED) in headers


def is_sealed_file(content: BinaryIO) -> bool:
    """Whether a file, read from its beginning, is sealed; it stands at its beginning again afterwards."""
    begins = content.read(len(FILE_MARK))
    content.seek(0)
    return begins == FILE_MARK.encode()


def plain_file(content: BinaryIO) -> Iterator[bytes]:
    while block := content.read(_BLOCK):
        yield block
