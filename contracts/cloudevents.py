"""CloudEvents 1.0 in binary mode: the attributes are headers, the event is the value (JSON).

Headers are `ce_specversion ce_id ce_type ce_source ce_subject ce_time content-type traceparent`, in UTF-8.
The trace id of `traceparent` (W3C Trace Context) is the subject if that is a UUID, so that all events of a payment are
one trace.
Source: CloudEvents 1.0.2 and its Kafka protocol binding; W3C Trace Context level 1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any

import msgspec

from contracts.events import EVENTS, Event

Headers = tuple[tuple[str, bytes], ...]


class Envelope(msgspec.Struct, frozen=True):
    """The attributes of one delivered event."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime


class UndecodableEvent(ValueError):
    """A message that is not an event of the contract; its text says why."""


_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPECVERSION, _CONTENT_TYPE = ("ce_specversion", b"1.0"), ("content-type", b"application/json")
_encoder = msgspec.json.Encoder()


def encode_value(event: Event) -> bytes:
    """The event as JSON."""
    return _encoder.encode(event)


@lru_cache(maxsize=4096)
def trace_id(subject: str) -> str:
    """32 lower-case hex digits, not all 0: the subject itself if it is a UUID, else a hash of it."""
    digits = subject.replace("-", "").lower()
    if _TRACE_ID.fullmatch(digits) is not None:
        return digits
    return hashlib.sha256(subject.encode()).hexdigest()[:32]


def headers(event_id: str, event: Event, source: str, at: datetime) -> Headers:
    """The CloudEvents attributes of `event`, published by `source` at the instant `at`."""
    subject = event.subject
    return (
        _SPECVERSION,
        ("ce_id", event_id.encode()),
        *_origin(event.TYPE, source),
        ("ce_subject", subject.encode()),
        _time(at),
        _CONTENT_TYPE,
        ("traceparent", f"00-{trace_id(subject)}-{trace_id(event_id)[-16:]}-01".encode()),
    )


@lru_cache(maxsize=16)
def _time(at: datetime) -> tuple[str, bytes]:
    """Cached: many events have the same instant."""
    return "ce_time", at.isoformat().encode()


@cache
def _origin(event_type: str, source: str) -> Headers:
    """Cached: all events of a type and source have these headers."""
    return ("ce_type", event_type.encode()), ("ce_source", f"/sansha/{source}".encode())


def envelope(raw: Iterable[tuple[str, bytes]]) -> Envelope:
    """Read the attributes. Raises `UndecodableEvent` if one is missing or malformed."""
    found: Mapping[str, bytes] = dict(raw)
    try:
        return Envelope(
            id=found["ce_id"].decode(),
            type=found["ce_type"].decode(),
            source=found["ce_source"].decode(),
            subject=found.get("ce_subject", b"").decode(),
            time=_instant(found["ce_time"].decode()),
        )
    except KeyError as missing:
        raise UndecodableEvent(f"header {missing.args[0]} is missing; CloudEvents needs it") from None
    except UnicodeDecodeError:
        raise UndecodableEvent("a header is not UTF-8") from None


@lru_cache(maxsize=16)
def _instant(text: str) -> datetime:
    """Parse a `ce_time` header. Cached: many events have the same instant. Raises `UndecodableEvent`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UndecodableEvent(f"ce_time {text!r} is not an RFC 3339 time") from None
    if at.tzinfo is None:
        raise UndecodableEvent(f"ce_time {text!r} has no time zone")
    return at if at.tzinfo is UTC else at.astimezone(UTC)


class Decoder:
    """Decodes values of known event types: the published ones, and a party's private ones if given.

    A value of a former type is decoded as the event that replaced it.
    """

    def __init__(self, private: Iterable[type[Event]] = ()) -> None:
        known = (*EVENTS, *private)
        self._decoders: dict[str, Callable[[bytes], Event]] = {t.TYPE: msgspec.json.Decoder(t).decode for t in known}
        for event in known:
            for former, renamed in event.FORMER_TYPES.items():
                self._decoders[former] = partial(_decode_former, event, renamed)

    def decode(self, event_type: str, value: bytes) -> Event:
        """Raises `UndecodableEvent` for an unknown type, malformed JSON, or a missing or mistyped field."""
        decode = self._decoders.get(event_type)
        if decode is None:
            raise UndecodableEvent(f"event type {event_type!r} is unknown to this version of the contract")
        try:
            return decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise UndecodableEvent(f"{event_type}: {wrong}") from None


def _decode_former(event: type[Event], renamed: Mapping[str, str], value: bytes) -> Event:
    fields = msgspec.json.decode(value, type=dict[str, Any])
    return msgspec.convert({renamed.get(name, name): content for name, content in fields.items()}, event)
