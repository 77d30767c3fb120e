"""What a sealed event and a sealed file look like: their readers alone can open them. Pure; docs/sealing.md tells more.

A sealed event keeps its CloudEvents headers and its key. Its value is `nonce (12 bytes) ‖ ciphertext ‖ tag (16)` of
AES-256-GCM over the event's JSON, its content type is `SEALED`, and the header `sealed-for` has the period and the data
key, wrapped for each reader with HPKE: `2021-07 ward=BASE64URL`. Topic, key and headers are bound to the value.

A sealed file is a line of text, which says the same of the file, and the file's bytes in chunks of 64 KiB.

A period is a month in Japan. Every reader has a key pair for each, so that what was sealed for a month can be read by
nobody once its private keys are destroyed.
Source: RFC 9180 (HPKE: X25519, HKDF-SHA256, AES-256-GCM, base mode); NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache
from operator import itemgetter
from typing import Final, NamedTuple

from contracts.bounds import FIRST_INSTANT, LAST_INSTANT, shown
from contracts.cloudevents import Headers, UndecodableEvent
from contracts.topics import CLOCK, TOPICS, Topic
from contracts.vocabulary import JST

SEALED: Final = b"application/vnd.sansha.sealed.v1"
PLAIN: Final = b"application/json"
CONTENT_TYPE: Final = "content-type"
SEALED_FOR: Final = "sealed-for"
FILE_MARK: Final = "sansha-sealed-file/1"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
CHUNK_BYTES: Final = 65_536
LONGEST_LINE: Final = 4_096
"""Bytes of the first line of a sealed file, and of a header `sealed-for`."""
_BOUND: Final = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", SEALED_FOR)
_PERIOD: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


class UnopenableEvent(UndecodableEvent):
    """A sealed event that this reader cannot open; its text says why."""


class Unopenable(ValueError):
    """A wrapped key or a sealed file that cannot be opened; its text says why."""


class SealedFor(NamedTuple):
    """The period that a data key was made for, and the key wrapped for each reader."""

    period: str
    keys: Mapping[str, bytes]

    def __str__(self) -> str:
        return " ".join((self.period, *(f"{reader}={as_text(key)}" for reader, key in sorted(self.keys.items()))))


def readers_of(topic: Topic) -> tuple[str, ...]:
    """For whom the events of a topic are sealed; none for the clock, which holds no data of persons.

    What nobody reads yet is sealed for its owner, so that the history is the owner's alone.
    """
    return () if topic.name == CLOCK.name else topic.readers or (topic.owner,)


READERS: Final[Mapping[str, tuple[str, ...]]] = {topic.name: readers_of(topic) for topic in TOPICS}
"""Topic → for whom its events are sealed."""


# ---- periods


def is_period(text: str) -> bool:
    return _PERIOD.fullmatch(text) is not None


@lru_cache(maxsize=64)
def period_of(at: datetime) -> str:
    """The month of an instant in Japan; of one that the clock never shows, the nearest that it does show."""
    return f"{min(max(at, FIRST_INSTANT), LAST_INSTANT).astimezone(JST):%Y-%m}"


def periods(first: str = period_of(FIRST_INSTANT), last: str = period_of(LAST_INSTANT)) -> Iterator[str]:
    """The months from the first to the last; all that the clock may show by default."""
    (year, month), end = map(int, first.split("-")), last
    while (period := f"{year}-{month:02}") <= end:
        yield period
        year, month = year + month // 12, month % 12 + 1


# ---- what is bound


def event_info(topic: str, period: str, reader: str) -> bytes:
    """`info` of HPKE for a data key of events."""
    return "\n".join(("sansha/sealed-event/1", topic, period, reader)).encode()


def file_info(name: str, period: str, reader: str) -> bytes:
    """`info` of HPKE for the data key of a file."""
    return "\n".join((FILE_MARK, name, period, reader)).encode()


def bound_to(topic: str, key: str, headers: Mapping[str, bytes]) -> bytes:
    """The additional data of an event's AES-GCM: none of these can be changed, or moved to another event."""
    try:
        own = _bound(headers)
    except KeyError:
        own = tuple([headers.get(name, b"") for name in _BOUND])
    return b"\n".join((_begins(topic), key.encode(errors="surrogateescape"), *own))


_bound = itemgetter(*_BOUND)


@cache
def _begins(topic: str) -> bytes:
    return f"sansha/sealed-event/1\n{topic}".encode()


def chunk_nonce(number: int, *, is_last: bool) -> bytes:
    """Of a file's chunk, counted from 0: a chunk cannot be left out, moved, or made the last one."""
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([is_last])


# ---- texts


def as_text(raw: bytes) -> str:
    """Base64url without padding (RFC 4648 §5)."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def as_bytes(text: str) -> bytes:
    """Raises `ValueError` for what is no base64url."""
    raw = urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}")
    if as_text(raw) != text:
        raise ValueError("no base64url")
    return raw


def read_sealed_for(text: bytes) -> SealedFor:
    """The header `sealed-for`, or what follows the mark of a sealed file. Raises `Unopenable`."""
    try:
        if len(text) > LONGEST_LINE:
            raise ValueError
        period, *wrapped = text.decode("ascii").split(" ")
        keys = dict(one.split("=") for one in wrapped)
        if not is_period(period) or not keys or len(keys) != len(wrapped):
            raise ValueError
        return SealedFor(period, {reader: as_bytes(key) for reader, key in keys.items()})
    except ValueError:
        said = shown(text.decode(errors="replace"))
        raise Unopenable(f"'{said}' does not say for whom it is sealed; right is: 2021-07 ward=BASE64URL") from None


def sealed_headers(headers: Headers, sealed_for: bytes) -> Headers:
    """The headers of a sealed event."""
    kept = [header for header in headers if header[0] != CONTENT_TYPE]
    return (*kept, (CONTENT_TYPE, SEALED), (SEALED_FOR, sealed_for))


def opened_headers(headers: Headers) -> Headers:
    """The headers of an event that was opened."""
    kept = [header for header in headers if header[0] not in (CONTENT_TYPE, SEALED_FOR)]
    return (*kept, (CONTENT_TYPE, PLAIN))
