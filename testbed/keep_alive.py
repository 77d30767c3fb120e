"""A small HTTP/1.1 client with one keep-alive connection.

With a client library, a crowd of payers would spend most of its time in the connection pool; and a payer that retries
must see the connection break, where a library reconnects silently.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

SECONDS_PER_ANSWER = 30.0


class Answer(NamedTuple):
    status: int
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Broken(Exception):
    """The connection broke or could not be opened; whether the request was handled is unknown."""


@dataclass
class KeepAlive:
    """A connection to a port of this machine, opened on first use and again after it broke. `token` says who calls."""

    port: int
    token: str
    _open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Any, key: str) -> Answer:
        """Raises `Broken`."""
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\nIdempotency-Key: {key}\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        )
        try:
            return await asyncio.wait_for(self._exchange(head.encode() + content), SECONDS_PER_ANSWER)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as broken:
            self.close()
            raise Broken(repr(broken)) from None

    async def _exchange(self, request: bytes) -> Answer:
        if self._open is None:
            self._open = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._open
        writer.write(request)
        await writer.drain()
        status_line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        named = dict(field.lower().split(": ", 1) for field in fields if field)
        body = await reader.readexactly(int(named["content-length"]))
        if named.get("connection") == "close":
            self.close()
        return Answer(int(status_line.split()[1]), body)

    def close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None
