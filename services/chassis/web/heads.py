"""What the head of a request must not have: a foreign host or origin, text that is too long or none, a card number.

A browser page of another site reaches a listener of this machine by its own name (DNS rebinding) or by sending a form;
both are refused before anything is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.formats.card_number import has_card_number
from contracts.vocabulary import Refusal
from services.chassis.web.answers import refuse

Head = Sequence[tuple[bytes, bytes]]

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
URL_BYTES: Final = 16_384
"""Longest path with query: 300 slips to be printed take 10,200."""
HEADER_BYTES: Final = 8_192
HEAD_BYTES: Final = 32_768
"""All headers of a request."""
HEADERS: Final = 100
NOT_READ: Final = frozenset({b"cookie", b"user-agent", b"referer"})
"""Never read, logged or stored, so their text does not matter; browsers send cookies of other services on localhost."""
CREDENTIALS: Final = frozenset({b"authorization", b"proxy-authorization"})
"""Not searched for card numbers as they are encoded: whatever decodes them does."""
_CONTROL_BYTES: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MOST_REMEMBERED: Final = 100

CARD_OUT_OF_PLACE: Final = Refusal(
    "card_number_out_of_place",
    "a card number stands where none belongs",
    "type card numbers to the card agent alone (POST /card-tokens); send the same without it",
)


class Heads:
    """Refuses requests by their heads. `hosts` are names of the listener, besides localhost and its own address."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app, self._hosts = app, LOCAL_NAMES | {host.strip().lower() for host in hosts if host.strip()}
        self._known: set[tuple[bytes, object]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refuse(refusal, scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers: Head = scope["headers"]
        return _too_long(scope, headers) or self._foreign(scope, headers) or _no_text(scope, headers)

    def _foreign(self, scope: Scope, headers: Head) -> Refusal | None:
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1:
            if not hosts and scope["http_version"] == "1.0":
                return None
            return Refusal("host_missing", f"the request has {len(hosts)} Host headers", "send exactly one")
        server = (scope.get("server") or ("",))[0]
        if (hosts[0], server) not in self._known:
            if not self._is_ours(hosts[0], server):
                return _UNKNOWN_HOST
            if len(self._known) < _MOST_REMEMBERED:
                self._known.add((hosts[0], server))
        origins = [value for name, value in headers if name == b"origin"]
        own = (b"http://" + hosts[0], b"https://" + hosts[0])
        return _FOREIGN_ORIGIN if any(origin not in own for origin in origins) else None

    def _is_ours(self, host: bytes, server: str) -> bool:
        name = without_port(host.decode("latin-1").lower())
        return name in self._hosts or name == bracketed(server.lower())


_UNKNOWN_HOST = Refusal(
    "host_unknown",
    "the Host header names none of this listener's names",
    "ask it as localhost or by its address; SANSHA_HTTP_HOSTS adds names",
)
_FOREIGN_ORIGIN = Refusal(
    "origin_foreign",
    "the request comes from a web page of another site (Origin)",
    "use the listener's own /docs page, or send it from a program, which sends no Origin",
)


def without_port(host: str) -> str:
    """The name or address of a Host header."""
    if host.startswith("["):
        return host[: host.find("]") + 1]
    return host.partition(":")[0].rstrip(".")


def bracketed(server: str) -> str:
    """An address as a Host header has it: IPv6 in brackets."""
    try:
        return f"[{server}]" if ip_address(server).version == 6 else server
    except ValueError:
        return server


def _too_long(scope: Scope, headers: Head) -> Refusal | None:
    url = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    if url > URL_BYTES:
        return Refusal("url_too_long", f"path and query have {url:,} bytes", f"send at most {URL_BYTES:,}")
    if len(headers) > HEADERS:
        return Refusal("headers_too_large", f"the request has {len(headers)} headers", f"send at most {HEADERS}")
    lengths = [len(name) + len(value) for name, value in headers]
    if sum(lengths) > HEAD_BYTES or max(lengths, default=0) > HEADER_BYTES:
        most = f"one at most {HEADER_BYTES:,}, all together {HEAD_BYTES:,}"
        return Refusal("headers_too_large", f"the headers have {sum(lengths):,} bytes", f"send fewer: {most}")
    return None


def _no_text(scope: Scope, headers: Head) -> Refusal | None:
    if _CONTROL_BYTES.search(b"\t".join(value for name, value in headers if name not in NOT_READ)):
        return Refusal("header_not_text", "a header has control characters", "send printable text alone")
    path, query = scope["path"], scope["query_string"]
    if not path.isascii() or not path.isprintable():
        decoded = _decoded(scope.get("raw_path") or path.encode("utf-8", "replace"))
        if decoded is None:
            return _URL_NOT_TEXT
    if query:
        decoded = _decoded(query.replace(b"+", b" "))
        if decoded is None:
            return _URL_NOT_TEXT
        path = f"{path}\n{decoded}"
    searched = [value for name, value in headers if name not in NOT_READ and name not in CREDENTIALS]
    return (
        CARD_OUT_OF_PLACE
        if has_card_number(b"\n".join((path.encode(), *searched)).decode("utf-8", "replace"))
        else None
    )


_URL_NOT_TEXT = Refusal(
    "url_not_text",
    "path or query has control characters or is not UTF-8",
    "percent-encode UTF-8 text without control characters",
)


def _decoded(raw: bytes) -> str | None:
    """The text of a percent-encoded part of a URL; None if it is none."""
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text
