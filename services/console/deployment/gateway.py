"""The gateway of a stack of containers: one port for each party, whose connections are balanced over its replicas.

The parties publish no ports themselves, so each may have any number of replicas and no route out of its networks. A
party that answers over TLS is called with the gateway's certificate; the clients of the gateway's own ports, on this
machine, send plain HTTP.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from asyncio.sslproto import SSLProtocol
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import structlog

from services.chassis.clock import monotonic
from services.chassis.web.handshakes import RECORD_BYTES
from services.chassis.web.listeners import room_for
from services.console.stack.addresses import Addresses
from services.console.stack.calling import followed

log = structlog.get_logger(__name__)

CHUNK_BYTES = 16 * 1024
"""Read at a time; at most two of them, each way, are held of a connection."""
SECONDS_BETWEEN_LOOKS = 0.5


@dataclass(frozen=True, slots=True)
class DoorTerms:
    """Bounds of a port's connections. The gateway reads no HTTP; a request's own bounds are its party's."""

    connections: int = 250
    """Beyond that a further one takes the place of the one that has been idle longest."""
    idle_seconds: float = 90.0
    """For one on which the client is to speak next; longer than a party keeps one that is idle."""
    answer_seconds: float = 3_700.0
    """For one on which the replica is to speak next: an advance of the clock may take an hour."""


USUAL_TERMS: Final = DoorTerms()


async def serve(
    host: str,
    ports: Mapping[int, str],
    addresses: Addresses,
    stopping: asyncio.Event,
    terms: DoorTerms = USUAL_TERMS,
) -> None:
    """Listen on `host`, on each port for the principal it stands for, until `stopping`.

    Raises `OSError` if a port is taken, `ValueError` if the gateway's certificates cannot be used.
    """
    certificate = followed(addresses)
    SSLProtocol.max_size = RECORD_BYTES  # of every connection to a replica
    room_for(2 * terms.connections * len(ports))
    doors = [(_Door(addresses, principal, terms), port) for port, principal in ports.items()]
    with ExitStack() as open_ports:
        for door, port in doors:
            server = await asyncio.start_server(door.connected, host, port, limit=CHUNK_BYTES)
            open_ports.callback(server.close)
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), SECONDS_BETWEEN_LOOKS)
            if certificate is not None:
                certificate.look()
            for door, _ in doors:
                door.look(monotonic())


@dataclass(eq=False)
class _Passage:
    """A connection of a client; `used` is when bytes last passed, `answering` whether the replica is to speak next."""

    client: StreamWriter
    used: float
    task: asyncio.Task[None]
    """Which passes it on."""
    answering: bool = False
    replica: StreamWriter | None = None

    def is_idle(self, now: float, terms: DoorTerms) -> bool:
        return now > self.used + (terms.answer_seconds if self.answering else terms.idle_seconds)

    def end(self) -> None:
        """At whatever it is: it may not have reached a replica yet."""
        self.task.cancel()
        for writer in (self.client, self.replica):
            if writer is not None:
                writer.transport.abort()

    async def forward(self, reader: StreamReader) -> None:
        """From the client to the replica."""
        assert self.replica is not None
        await self._pass_on(reader, self.replica, answering=True)

    async def back(self, reader: StreamReader) -> None:
        """From the replica to the client."""
        await self._pass_on(reader, self.client, answering=False)

    async def _pass_on(self, reader: StreamReader, writer: StreamWriter, *, answering: bool) -> None:
        with suppress(OSError):  # ENOTCONN, too: the client has just left
            while chunk := await reader.read(CHUNK_BYTES):
                self.used, self.answering = monotonic(), answering
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            elif not self.answering:  # TLS has no half-closed connections
                writer.close()


class _Door:
    def __init__(self, addresses: Addresses, principal: str, terms: DoorTerms) -> None:
        self._addresses, self._principal, self._terms = addresses, principal, terms
        self._turns = count()
        certificate, self._tls = followed(addresses), dict[str, Any]()
        if certificate is not None and principal in addresses.hosts:
            self._tls = {"ssl": certificate.context, "server_hostname": addresses.hosts[principal]}
        self._passages: set[_Passage] = set()

    def look(self, now: float) -> None:
        """End the connections that have been idle for too long."""
        for passage in [p for p in self._passages if p.is_idle(now, self._terms)]:
            passage.end()

    async def connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Pass a connection on; one that no replica takes is closed."""
        if len(self._passages) >= self._terms.connections:
            longest = min(self._passages, key=lambda p: p.used)
            longest.end()
            self._passages.discard(longest)
        passing = asyncio.current_task()
        assert passing is not None
        passage = _Passage(writer, monotonic(), passing)
        self._passages.add(passage)
        try:
            with suppress(OSError):
                taken_in, passage.replica = await self._a_replica()
                try:
                    async with asyncio.TaskGroup() as both_ways:
                        both_ways.create_task(passage.forward(reader))
                        both_ways.create_task(passage.back(taken_in))
                finally:
                    passage.replica.close()
        finally:
            self._passages.discard(passage)
            writer.close()

    async def _a_replica(self) -> tuple[StreamReader, StreamWriter]:
        replicas = list(await self._addresses.each(self._principal))
        turn = next(self._turns) % len(replicas)
        failure: OSError = ConnectionRefusedError()
        for replica in replicas[turn:] + replicas[:turn]:
            address, _, port = replica.rpartition(":")
            try:
                return await asyncio.open_connection(address, int(port), limit=CHUNK_BYTES, **self._tls)
            except OSError as refused:
                failure = refused
        log.warning("no replica takes a connection", party=self._principal, error=repr(failure))
        raise failure
