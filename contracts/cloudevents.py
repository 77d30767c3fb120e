"""CloudEvents 1.0 in binary mode: the attributes are headers, the event is the value (JSON).

Headers are `ce_specversion ce_id ce_type ce_source ce_subject ce_time content-type traceparent`, in UTF-8, each once.
Id, type, source and subject are texts of `bounds.wrong_id`, but the subject may be missing; the time is one that the
clock may show. The trace id of `traceparent` (W3C Trace Context) is the subject if that is a UUID, so that all
events of a payment are one trace.
Source: CloudEvents 1.0.2 and its Kafka protocol binding; W3C Trace Context level 1.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache, partial
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from contracts.bounds import (
    FIRST_DAY,
    FIRST_INSTANT,
    LAST_DATE,
    LAST_INSTANT,
    LONGEST_ID,
    shown,
    wrong_day,
    wrong_id,
    wrong_instant,
    wrong_text,
)
from contracts.events import EVENTS, Event

Headers = tuple[tuple[str, bytes], ...]
S = TypeVar("S", bound=msgspec.Struct)


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


def headers(event_id: str, event: Event, source: str, at: datetime, subject: str = "") -> Headers:
    """The CloudEvents attributes of `event`, published by `source` at the instant `at`.

    `subject` stands in place of the event's own, if given: a pseudonym.
    """
    subject = subject or event.subject
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
    return ("ce_type", event_type.encode()), ("ce_source", source_of(source).encode())


def source_of(principal: str) -> str:
    """The source of the events that this principal publishes."""
    return f"/sansha/{principal}"


def envelope(raw: Collection[tuple[str, bytes]]) -> Envelope:
    """Read the attributes. Raises `UndecodableEvent` if one is missing, malformed, or there twice."""
    found: Mapping[str, bytes] = dict(raw)
    try:
        event_id, subject = found["ce_id"].decode(), found.get("ce_subject", b"").decode()
        kind, source = _name("ce_type", found["ce_type"]), _name("ce_source", found["ce_source"])
        at = _instant(found["ce_time"].decode())
    except KeyError as missing:
        raise UndecodableEvent(f"header {missing.args[0]} is missing; CloudEvents needs it") from None
    except UnicodeDecodeError:
        raise UndecodableEvent("a header is not UTF-8") from None
    if len(found) != len(raw):
        _require_once(raw)
    both = event_id + subject
    if not (event_id and both.isascii() and both.isprintable() and len(both) <= LONGEST_ID):
        require_id("ce_id", event_id)
        if subject:
            require_id("ce_subject", subject)
    return Envelope(event_id, kind, source, subject, at)


def require_id(name: str, text: str) -> None:
    """Raises `UndecodableEvent` for a text that is no id, subject or key."""
    if wrong := wrong_id(text):
        raise UndecodableEvent(f"{name} {wrong}")


def _require_once(raw: Iterable[tuple[str, bytes]]) -> None:
    """Other headers are not ours: they may be repeated."""
    times = Counter(name for name, _ in raw)
    if twice := [name for name, n in times.items() if n > 1 and name.startswith("ce_")]:
        raise UndecodableEvent(f"header {shown(twice[0])} is there {times[twice[0]]} times; send it once")


@lru_cache(maxsize=64)
def _name(header: str, content: bytes) -> str:
    """Cached: there are few types and sources."""
    text = content.decode()
    require_id(header, text)
    return text


@lru_cache(maxsize=16)
def _instant(text: str) -> datetime:
    """Parse a `ce_time` header. Cached: many events have the same instant. Raises `UndecodableEvent`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UndecodableEvent(f"ce_time '{shown(text)}' is not an RFC 3339 time") from None
    if at.tzinfo is None:
        raise UndecodableEvent(f"ce_time '{shown(text)}' has no time zone")
    if wrong := wrong_instant(at):
        raise UndecodableEvent(f"ce_time {wrong}")
    return at if at.tzinfo is UTC else at.astimezone(UTC)


class Decoder:
    """Decodes values of known event types: the published ones, and a party's private ones if given.

    A value of a former type is decoded as the event that replaced it. Instants are held in UTC.
    """

    def __init__(self, private: Iterable[type[Event]] = ()) -> None:
        known = (*EVENTS, *private)
        self._decoders: dict[str, Callable[[bytes], Event]] = {t.TYPE: msgspec.json.Decoder(t).decode for t in known}
        self._fields = {t: _Fields(t) for t in known}
        for event in known:
            for former, renamed in event.FORMER_TYPES.items():
                self._decoders[former] = partial(_decode_former, event, renamed)

    def decode(self, event_type: str, value: bytes) -> Event:
        """Raises `UndecodableEvent` for an unknown type, malformed JSON, or a field that is missing, mistyped or out of
        bounds; the text names the field."""
        decode = self._decoders.get(event_type)
        if decode is None:
            raise UndecodableEvent(f"event type '{shown(event_type)}' is unknown to this version of the contract")
        try:
            event = decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise UndecodableEvent(f"{event_type}: {wrong}") from None
        fields = self._fields[type(event)]
        event = fields.bounded(event)
        if not _is_plain(value):
            fields.require_texts(event)
        return event


class _Fields:
    """The fields of a struct whose bounds its decoder does not know: instants, dates, texts."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        kinds = get_type_hints(struct)
        self.instants = tuple(name for name, kind in kinds.items() if kind in (datetime, datetime | None))
        self.days = tuple(name for name, kind in kinds.items() if kind in (date, date | None))
        self.texts = tuple(name for name, kind in kinds.items() if kind in (str, str | None))
        self.lists = tuple(
            (name, _Fields(of))
            for name, kind in kinds.items()
            for of in get_args(kind)
            if isinstance(of, type) and issubclass(of, msgspec.Struct)
        )

    def bounded(self, struct: S) -> S:
        """The struct, with its instants in UTC. Raises `UndecodableEvent` for one out of bounds."""
        elsewhere: dict[str, Any] = {}
        for name in self.instants:
            at = getattr(struct, name)
            if at is not None and (at.tzinfo is not UTC or not FIRST_INSTANT <= at <= LAST_INSTANT):
                _require(name, wrong_instant(at))
                elsewhere[name] = at.astimezone(UTC)
        for name in self.days:
            day = getattr(struct, name)
            if day is not None and not FIRST_DAY <= day <= LAST_DATE:
                _require(name, wrong_day(day, LAST_DATE))
        for name, fields in self.lists:
            given = getattr(struct, name)
            held = tuple([fields.bounded(one) for one in given])
            if any(one is not other for one, other in zip(held, given, strict=True)):
                elsewhere[name] = held
        return msgspec.structs.replace(struct, **elsewhere) if elsewhere else struct

    def require_texts(self, struct: msgspec.Struct) -> None:
        """Raises `UndecodableEvent` for a text that holds control characters or is too long."""
        for name in self.texts:
            _require(name, wrong_text(getattr(struct, name) or ""))
        for name, fields in self.lists:
            for one in getattr(struct, name):
                fields.require_texts(one)


def _require(field: str, wrong: str) -> None:
    if wrong:
        raise UndecodableEvent(f"{field} {wrong}")


def _is_plain(value: bytes) -> bool:
    """Whether no text of this JSON holds a control character: those of ASCII need an escape, except DEL."""
    return value.isascii() and b"\\" not in value and b"\x7f" not in value


def _decode_former(event: type[Event], renamed: Mapping[str, str], value: bytes) -> Event:
    fields = msgspec.json.decode(value, type=dict[str, Any])
    return msgspec.convert({renamed.get(name, name): content for name, content in fields.items()}, event)
