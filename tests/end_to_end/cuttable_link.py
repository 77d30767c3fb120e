"""A TCP link between a party and the broker that a test can cut, like a network that fails.

While it is cut, nothing arrives and nothing is refused, as when a cable is out: both ends notice only by their own
timeouts. After it is healed, connections from before are dead and new ones work.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

CHUNK = 65_536


@dataclass
class CuttableLink:
    """Forwards connections; both addresses are `host:port`."""

    at: str
    to: str
    _whole: asyncio.Event = field(default_factory=asyncio.Event)
    _connections: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._whole.set()
        self._server = await asyncio.start_server(self._accepted, *_place(self.at))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._drop_all()

    def cut(self) -> None:
        """Hold everything back from now on."""
        self._whole.clear()

    async def heal(self) -> None:
        """Let new connections through; end those from before."""
        await self._drop_all()
        self._whole.set()

    async def _drop_all(self) -> None:
        dropped = list(self._connections)
        for connection in dropped:
            connection.cancel()
        await asyncio.gather(*dropped, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            await self._whole.wait()
            there_reader, there_writer = await asyncio.open_connection(*_place(self.to))
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._forward(reader, there_writer))
                    both.create_task(self._forward(there_reader, writer))
            finally:
                there_writer.close()
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            return  # one side has ended, so end the other
        finally:
            writer.close()
            self._connections.discard(connection)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._whole.wait()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError("this side has closed")


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
