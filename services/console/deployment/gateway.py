"""The gateway of a stack of containers: one port for each party, whose connections are balanced over its replicas.

The parties publish no ports themselves, so each may have any number of replicas and no route out of its networks.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from itertools import count

from services.console.stack.addresses import Addresses

CHUNK_BYTES = 64 * 1024


async def serve(host: str, ports: Mapping[int, str], addresses: Addresses, stopping: asyncio.Event) -> None:
    """Listen on `host`, on each port for the principal it stands for, until `stopping`.

    Raises `OSError` if a port is taken.
    """
    with ExitStack() as open_ports:
        for port, principal in ports.items():
            server = await asyncio.start_server(_Door(addresses, principal).connected, host, port)
            open_ports.callback(server.close)
        await stopping.wait()


class _Door:
    def __init__(self, addresses: Addresses, principal: str) -> None:
        self._addresses, self._principal = addresses, principal
        self._turns = count()

    async def connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Pass a connection on; one that no replica takes is closed."""
        try:
            with suppress(OSError):
                taken_in, taken_out = await self._a_replica()
                try:
                    async with asyncio.TaskGroup() as both_ways:
                        both_ways.create_task(_pass_on(reader, taken_out))
                        both_ways.create_task(_pass_on(taken_in, writer))
                finally:
                    taken_out.close()
        finally:
            writer.close()

    async def _a_replica(self) -> tuple[StreamReader, StreamWriter]:
        replicas = list(await self._addresses.each(self._principal))
        turn = next(self._turns) % len(replicas)
        failure: OSError = ConnectionRefusedError()
        for replica in replicas[turn:] + replicas[:turn]:
            address, _, port = replica.rpartition(":")
            try:
                return await asyncio.open_connection(address, int(port))
            except OSError as refused:
                failure = refused
        raise failure


async def _pass_on(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
