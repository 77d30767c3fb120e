"""Connections of a listener: how many, and how long a client may take over a request.

A connection *waits* while its client owes something: the TLS handshake, the head of a request, its body, the next
request. Only these are ended: when their time is over, or when a further connection needs their place, the one that has
waited longest first. Looked at once a second; a request costs two entries of a dictionary.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol, Self

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from contracts.vocabulary import Refusal
from services.chassis.clock import monotonic
from services.chassis.settings import ServiceSettings
from services.chassis.web.answers import problem_response
from services.chassis.web.certificates import common_name, with_certificate
from services.chassis.web.heads import HEAD_BYTES, URL_BYTES
from services.chassis.web.problems import problem

PIPELINED: Final = 32
"""Requests that a client may send before it reads the answer to the first."""
CHUNK_OVERHEAD: Final = 8
"""Bytes received for each byte of a body sent in chunks; a chunk of one byte has six."""
RAW_HEAD_BYTES: Final = HEAD_BYTES + URL_BYTES
_BAD_REQUEST: Final = 400


@dataclass(frozen=True, slots=True)
class ConnectionTerms:
    """Bounds of a listener's connections (`services.chassis.settings`)."""

    at_once: int = 1_000
    head_seconds: float = 10.0
    body_seconds: float = 20.0
    body_bytes_per_second: int = 50_000
    keep_alive_seconds: float = 75.0
    """It must outlast the client's own limit (httpx: 5 s): if both are equal, a request now and then meets the close,
    and the client cannot know whether it was received."""
    handshake_seconds: float = 5.0
    linger_seconds: float = 2.0
    """After an answer, what its client still sends of the body is read and dropped for this long, longer if it keeps
    its pace: a client that is cut off while it sends may never see the answer."""
    stall_seconds: float = 60.0
    """A client that reads nothing of an answer for this long is cut off."""

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        return cls(
            settings.http_connections_at_once,
            settings.http_head_seconds,
            settings.http_body_seconds,
            settings.http_body_bytes_per_second,
        )


USUAL_TERMS: Final = ConnectionTerms()


class Waiting(Protocol):
    """A connection whose client owes something."""

    def is_overdue(self, now: float) -> bool: ...

    def give_up(self, why: Refusal) -> None: ...

    def is_stalled(self, now: float) -> bool: ...


@dataclass(eq=False)
class Connections:
    """The open connections of a listener, and those of them that wait, in the order in which they began to."""

    terms: ConnectionTerms
    every: set[Waiting] = field(default_factory=set)
    waiting: dict[Waiting, None] = field(default_factory=dict)

    def enter(self, connection: Waiting) -> bool:
        """Take a connection in; False if all places are at work."""
        if len(self.every) >= self.terms.at_once:
            longest = next(iter(self.waiting), None)
            if longest is None:
                return False
            longest.give_up(_NO_PLACE)
            self.leave(longest)
        self.every.add(connection)
        self.waits(connection)
        return True

    def leave(self, connection: Waiting) -> None:
        self.every.discard(connection)
        self.waiting.pop(connection, None)

    def waits(self, connection: Waiting) -> None:
        """Its client owes something anew."""
        self.waiting.pop(connection, None)
        self.waiting[connection] = None

    def works(self, connection: Waiting) -> None:
        """Its client owes nothing."""
        self.waiting.pop(connection, None)

    def look(self) -> None:
        """Give up those that are overdue."""
        now = monotonic()
        for connection in [c for c in self.waiting if c.is_overdue(now)]:
            connection.give_up(_TIMEOUT)
        for connection in [c for c in self.every if c.is_stalled(now)]:
            connection.give_up(_TIMEOUT)


_NO_PLACE = Refusal(
    "too_busy",
    "too many connections are open, and this one's client kept it waiting longest",
    "send whole requests at once, over fewer connections",
)
_FULL = Refusal("too_busy", "too many connections are at work", "send the same again later, over fewer connections")
_TIMEOUT = Refusal(
    "request_timeout", "the request was not received to its end in time", "send the whole request at once"
)
_TOO_LARGE = Refusal(
    "headers_too_large", f"the head of the request has over {RAW_HEAD_BYTES:,} bytes", "send fewer headers"
)
_NOT_HTTP = Refusal("invalid_request", "the bytes received are no HTTP/1.1 request", "send one as RFC 9112 has it")


def raw_answer(refusal: Refusal) -> bytes:
    """An answer written without an application; the connection ends with it."""
    answer: Response = problem_response(problem(refusal, _BAD_REQUEST if refusal is _NOT_HTTP else None))
    headers = [*answer.raw_headers, (b"connection", b"close")]
    lines = [b"HTTP/1.1 %d %s" % (answer.status_code, refusal.code.encode()), *(b": ".join(h) for h in headers)]
    return b"\r\n".join((*lines, b"", bytes(answer.body)))


class Owes(Enum):
    """What the client of a connection owes."""

    REQUEST = "the next request, or none"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    DROPPED = "the rest of a body that nobody reads, its request being answered"
    NOTHING = "nothing: a request is at work"


class BoundedHttp(HttpToolsProtocol):
    """Uvicorn's HTTP, with bounds of time, size and number, and the ASGI extension `tls` in every request's scope."""

    handshake: Waiting | None = None

    def __init__(self, bounds: Connections, **uvicorns: Any) -> None:
        super().__init__(**uvicorns)
        self.bounds = bounds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.handshake is not None:
            self.bounds.leave(self.handshake)
        self._owes, self._since, self._bytes, self._delivered = Owes.HEAD, monotonic(), 0, 0
        self._stalled_since: float | None = None
        self._done, self._arriving = False, 0
        if not self.bounds.enter(self):
            self._answer_and_close(_FULL)

    def connection_lost(self, exc: Exception | None) -> None:
        self.bounds.leave(self)
        super().connection_lost(exc)

    # ---- what the client sends

    def data_received(self, data: bytes) -> None:
        if self._done or self.transport.is_closing():
            return
        if self._owes is Owes.REQUEST:
            self._now_owes(Owes.HEAD)
            self._bytes = self._delivered = 0
        self._arriving = len(data)
        self._bytes += self._arriving
        super().data_received(data)
        if self.transport.is_closing():
            return
        overhead = self._bytes - CHUNK_OVERHEAD * self._delivered
        if self._owes in (Owes.HEAD, Owes.BODY, Owes.DROPPED) and overhead > RAW_HEAD_BYTES:
            self._answer_and_drop(_TOO_LARGE)
        elif len(self.pipeline) > PIPELINED:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._bytes, self._delivered = self._arriving, 0
        tls = self.transport.get_extra_info("ssl_object")
        if tls is not None:
            scope: MutableMapping[str, Any] = self.scope  # type: ignore[assignment]
            scope["extensions"] = with_certificate(tls.getpeercert(binary_form=True), common_name(tls.getpeercert()))

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._now_owes(Owes.BODY)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._owes is not Owes.BODY:  # a trailer is no header
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._delivered += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        answered = self._owes is Owes.DROPPED
        super().on_message_complete()
        self._now_owes(Owes.REQUEST if answered else Owes.NOTHING)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # the last of its requests
            self._now_owes(Owes.DROPPED if self._owes is Owes.BODY else Owes.REQUEST)

    def send_400_response(self, msg: str) -> None:
        self._answer_and_close(_NOT_HTTP)

    # ---- what it does not read

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled_since = monotonic()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stalled_since = None

    def is_stalled(self, now: float) -> bool:
        if self._stalled_since is None and self.transport.is_closing():
            self._stalled_since = now
        return self._stalled_since is not None and now > self._stalled_since + self.bounds.terms.stall_seconds

    # ---- its time

    def is_overdue(self, now: float) -> bool:
        terms = self.bounds.terms
        if self._owes is Owes.BODY and self.flow.read_paused:  # it waits for us
            self._since = now
        paced = self._delivered / terms.body_bytes_per_second
        seconds = {
            Owes.REQUEST: terms.keep_alive_seconds,
            Owes.HEAD: terms.head_seconds,
            Owes.BODY: terms.body_seconds + paced,
            Owes.DROPPED: terms.linger_seconds + min(paced, terms.body_seconds),
        }.get(self._owes)
        return seconds is not None and now > self._since + seconds

    def give_up(self, why: Refusal) -> None:
        """End the connection, with an answer if its request has none yet."""
        if self.is_stalled(monotonic()):
            self.transport.abort()
        elif self._owes is Owes.BODY or (self._owes is Owes.HEAD and self._bytes):
            if why is _NO_PLACE:
                self._answer_and_close(why)
            else:
                self._answer_and_drop(why)
        else:
            self.transport.close()

    def shutdown(self) -> None:
        if self._done:
            self.transport.close()
        else:
            super().shutdown()

    def _now_owes(self, owed: Owes) -> None:
        self._owes, self._since = owed, monotonic()
        if owed is Owes.NOTHING:
            self.bounds.works(self)
        elif self in self.bounds.every:
            self.bounds.waits(self)

    def _answer_and_drop(self, refusal: Refusal) -> None:
        """Answer a client that is still sending; the connection ends a little later."""
        self._answer(refusal)
        self._done = True
        try:
            if self.transport.can_write_eof():
                self.transport.write_eof()
        except OSError:  # the client has just left, which the loop has not seen yet
            self.transport.abort()
        self._now_owes(Owes.DROPPED)

    def _answer_and_close(self, refusal: Refusal) -> None:
        self._answer(refusal)
        if self.transport.get_write_buffer_size():  # the client does not read either
            self.transport.abort()
        else:
            self.transport.close()

    def _answer(self, refusal: Refusal) -> None:
        """The application, if it reads the body, sees that the client has left."""
        cycle: RequestResponseCycle | None = self.cycle
        answered = cycle is None or cycle.response_complete
        if not self.pipeline and (answered or not self.cycle.response_started):
            self.transport.write(raw_answer(refusal))
        if not answered:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
