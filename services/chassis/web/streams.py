"""Answers of many lines, sent as they are made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice

from fastapi.responses import StreamingResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contracts.vocabulary import Refusal
from services.chassis.web.answers import problem_response
from services.chassis.web.problems import problem

LINES_AT_ONCE = 500
STREAMS_AT_ONCE = 4


async def _in_chunks(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Chunks of many lines; between two chunks other requests are served."""
    while chunk := b"".join(islice(lines, LINES_AT_ONCE)):
        yield chunk


class Streams:
    """Bounds the answers of many lines that are being sent: the lines of each are in memory until then."""

    def __init__(self) -> None:
        self._under_way = 0

    async def of(self, lines: Callable[[], Awaitable[Iterator[bytes]]]) -> Response:
        if self._under_way >= STREAMS_AT_ONCE:
            busy = f"{self._under_way} such answers are being sent"
            return problem_response(problem(Refusal("too_busy", busy, "ask again later")))
        self._under_way += 1
        try:
            return _Stream(_in_chunks(await lines()), self._ended)
        except BaseException:
            self._ended()
            raise

    def _ended(self) -> None:
        self._under_way -= 1


class _Stream(StreamingResponse):
    """Says when it has ended, even if its client leaves before the first line."""

    def __init__(self, chunks: AsyncIterator[bytes], ended: Callable[[], None]) -> None:
        super().__init__(chunks, media_type="application/x-ndjson")
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()
