"""Bodies of requests: bounded before they are read, read once, searched for card numbers.

What a request may send is known before its first byte: `Sizes` refuses it by its headers and reserves its bytes.
The caller is found between `Sizes` and `Bodies`, which is the first to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.formats.card_number import has_card_number
from contracts.vocabulary import Refusal
from services.chassis.web.answers import refuse
from services.chassis.web.heads import CARD_OUT_OF_PLACE

log = structlog.get_logger(__name__)

ENCODINGS: Final = ("utf-8", "cp932")
"""Bodies are UTF-8; CSV files may be Shift_JIS."""
MOST_NAMED: Final = 20
"""Fields with a card number that an answer names."""
_STATE: Final = "body_rule"
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PAIR: Final = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_SURROGATE: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")
_FIELD_NAME: Final = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class BodyRule:
    """What a route takes as its body."""

    most: int
    """Bytes."""
    kinds: tuple[str, ...] = ()
    """Content types, with `*` for any subtype; empty if the route itself checks it."""
    streamed: bool = False
    """The route reads it, chunk by chunk; otherwise it is read before the route and searched for card numbers."""
    card_numbers: bool = False
    """Card numbers belong here."""
    too_large: str = "body_too_large"
    remedy: str = "send less at a time: many things in several requests"

    def refusal(self, size: str) -> Refusal:
        return Refusal(self.too_large, f"the body has {size} bytes; at most {self.most:,} are read", self.remedy)


@dataclass(frozen=True, slots=True)
class BodyRules:
    """The rule of each path; of any other, `usual`."""

    usual: BodyRule
    by_path: Mapping[str, BodyRule] = field(default_factory=dict)
    by_beginning: Mapping[str, BodyRule] = field(default_factory=dict)

    def of(self, path: str) -> BodyRule:
        rule = self.by_path.get(path)
        if rule is not None:
            return rule
        return next((rule for start, rule in self.by_beginning.items() if path.startswith(start)), self.usual)


class Sizes:
    """Refuses a body by its headers, before any of it is read, and bounds the bytes in flight over all requests."""

    def __init__(self, app: ASGIApp, rules: BodyRules, at_once: int) -> None:
        self._app, self._rules, self._at_once, self._in_flight = app, rules, at_once, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        declared = headers.get(b"content-length", b"0")
        chunked = b"transfer-encoding" in headers
        if declared == b"0" and not chunked:
            await self._app(scope, receive, send)
            return
        rule = self._rules.of(scope["path"])
        refusal = _refused(rule, headers, declared)
        size = rule.most if chunked or refusal else int(declared)
        if refusal is None and self._in_flight and self._in_flight + size > self._at_once:
            refusal = self._busy
        if refusal is not None:
            await refuse(refusal, scope, receive, send)
            return
        self._in_flight += size
        scope.setdefault("state", {})[_STATE] = rule
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= size

    @property
    def _busy(self) -> Refusal:
        remedy = "send the same again later, with the same Idempotency-Key"
        return Refusal("too_busy", f"bodies of {self._in_flight:,} bytes are under way", remedy)


def _refused(rule: BodyRule, headers: Mapping[bytes, bytes], declared: bytes) -> Refusal | None:
    if not declared.isdigit() or len(declared) > 15:
        return Refusal("invalid_length", "Content-Length is no number of bytes", "send the number of bytes of the body")
    if int(declared) > rule.most:
        return rule.refusal(f"{int(declared):,}")
    if headers.get(b"content-encoding", b"identity").lower() not in (b"identity", b""):
        return Refusal("encoding_unsupported", "the body is compressed", "send it without Content-Encoding")
    kind = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if rule.kinds and not any(fnmatchcase(kind, pattern) for pattern in rule.kinds):
        named = " or ".join(rule.kinds)
        return Refusal(
            "content_type_unsupported",
            "the Content-Type is missing or is none that this route reads",
            f"send the header Content-Type: {named}; with curl, --header 'Content-Type: …'",
        )
    return None


class Bodies:
    """Reads bodies whole, except those that their routes stream. A client that leaves meanwhile is no error."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule: BodyRule | None = scope.get("state", {}).get(_STATE)
        if rule is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if rule.streamed:
            await self._app(scope, receive, send)
            return
        body = await _read(receive, rule.most)
        if body is None:
            log.debug("the client left before the end of its body")
            return
        refusal = rule.refusal("more") if len(body) > rule.most else _no_text(body)
        if refusal is None and not rule.card_numbers and has_card_number(_text(body)):
            await refuse(CARD_OUT_OF_PLACE, scope, receive, send, _places(body))
        elif refusal is not None:
            await refuse(refusal, scope, receive, send)
        else:
            await self._app(scope, _repeated(body, receive), send)


async def _read(receive: Receive, most: int) -> bytes | None:
    """The body; cut off once it is longer than `most`; None if the client left."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    read = bytearray(body)
    while message.get("more_body", False) and len(read) <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        read += message.get("body", b"")
    return bytes(read)


def _repeated(body: bytes, receive: Receive) -> Receive:
    """Receives a body that has been read; then whatever comes after it."""
    repeated = False

    async def again() -> Message:
        nonlocal repeated
        if repeated:
            return await receive()
        repeated = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _no_text(body: bytes) -> Refusal | None:
    """No text has a NUL or half a pair of surrogates, and PostgreSQL stores none; a text of UTF-16 is full of NULs."""
    if b"\x00" in body or (b"\\u0000" in body and _ESCAPED_NUL.search(body)):
        return Refusal("body_not_text", "the body has NUL characters", "send UTF-8 text without them")
    if b"\\u" in body and _SURROGATE.search(_PAIR.sub(b"", body)):
        return Refusal("body_not_text", "the body has half a pair of surrogates", "send whole characters, as UTF-8")
    return None


def _text(body: bytes) -> str:
    """The body as its reader will understand it: what JSON has escaped is decoded."""
    for encoding in ENCODINGS:
        try:
            text = body.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        text = body.decode("latin-1")
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text


def _places(body: bytes) -> tuple[dict[str, str], ...]:
    """The fields of a JSON document with a card number, by names that have letters alone."""
    try:
        leaves = [*_leaves(json.loads(body), "body")]
    except (ValueError, RecursionError):
        return ()
    found = [place for place, value in leaves if has_card_number(str(value))]
    return tuple({"field": place, "wrong": "a card number does not belong here"} for place in found[:MOST_NAMED])


def _leaves(part: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(part, dict):
        for name, value in part.items():
            yield from _leaves(value, f"{place}.{name}" if _FIELD_NAME.fullmatch(name) else place)
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from _leaves(value, f"{place}.{number}")
    else:
        yield place, part


class RequestsAtOnce:
    """Bounds the requests in flight: one over the limit is answered 503 with Retry-After before any work.

    A request counts once its body is read, so that slow senders keep no others out.
    """

    def __init__(self, app: ASGIApp, most: int, unbounded: tuple[str, ...]) -> None:
        self._app, self._most, self._unbounded, self._under_way = app, most, unbounded, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self._unbounded):
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._most:
            await refuse(self._busy, scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1

    @property
    def _busy(self) -> Refusal:
        remedy = "send the same again later, with the same Idempotency-Key; fewer at a time, or many in one (bulk)"
        return Refusal("too_busy", f"{self._most:,} requests are under way", remedy)
