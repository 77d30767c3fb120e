"""The gateway: a party's connections go to its replicas in turn, whole and in both directions."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import pytest

from contracts.topics import WARD
from services.chassis.clock import pause
from services.console.deployment.gateway import USUAL_TERMS, DoorTerms, serve
from services.console.stack.addresses import Addresses
from testbed.processes import eventually, free_port_base, is_free

HOST = "127.0.0.1"
Answering = Callable[[StreamReader, StreamWriter], Coroutine[None, None, None]]


@pytest.fixture(autouse=True)
async def _every_connection_ends() -> AsyncIterator[None]:
    """Left to the garbage collector, a connection would disturb a later test."""
    yield

    async def nobody_else_works() -> bool:
        await pause(0)  # a transport closes a moment after its task has ended
        return len(asyncio.all_tasks()) == 1

    await eventually(nobody_else_works, "the end of every connection")


def naming(name: bytes) -> Answering:
    """A replica that says its name."""

    async def answer(_reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(name)
        writer.close()

    return answer


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    """A replica that reads to the end before it answers."""
    writer.write(await reader.read())
    writer.close()


@asynccontextmanager
async def gateway(*replicas: Answering | None, terms: DoorTerms = USUAL_TERMS) -> AsyncIterator[int]:
    """The port of a gateway to a ward with these replicas; None for one that does not listen."""
    addresses = Addresses(free_port_base(), replicas={WARD: len(replicas)})
    entry = addresses.port_base
    servers = [
        await asyncio.start_server(answer, HOST, addresses.port(WARD, n)) for n, answer in enumerate(replicas) if answer
    ]
    stopping = asyncio.Event()
    serving = asyncio.create_task(serve(HOST, {entry: WARD}, addresses, stopping, terms))

    async def listens() -> bool:
        return not is_free(entry)

    await eventually(listens, "a listening gateway")
    try:
        yield entry
    finally:
        stopping.set()
        await serving
        for server in servers:
            server.close()


async def sent(port: int, text: bytes = b"") -> bytes:
    """What comes back for a connection on which `text` is sent and nothing else."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(text)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def test_connections_go_to_the_replicas_in_turn() -> None:
    async with gateway(naming(b"one"), naming(b"two")) as port:
        assert sorted([await sent(port) for _ in range(4)]) == [b"one", b"one", b"two", b"two"]


async def test_a_replica_that_is_gone_is_left_out() -> None:
    async with gateway(naming(b"one"), None) as port:
        assert [await sent(port) for _ in range(3)] == [b"one"] * 3


async def test_everything_arrives_in_both_directions() -> None:
    text = bytes(range(256)) * 8_000
    async with gateway(echo) as port:
        assert await sent(port, text) == text


async def test_a_connection_that_no_replica_takes_is_closed() -> None:
    async with gateway(None) as port:
        assert await sent(port) == b""


async def test_a_connection_that_stays_open_does_not_keep_the_gateway_from_stopping() -> None:
    taken = asyncio.Event()

    async def silent(reader: StreamReader, writer: StreamWriter) -> None:
        taken.set()
        await reader.read()
        writer.close()

    async with gateway(silent) as port, asyncio.timeout(30):
        _reader, writer = await asyncio.open_connection(HOST, port)
        await taken.wait()
    assert is_free(port)
    writer.close()


async def waiting_for_an_end(port: int, text: bytes = b"") -> tuple[StreamReader, StreamWriter]:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(text)
    return reader, writer


async def silent(reader: StreamReader, writer: StreamWriter) -> None:
    """A replica that reads and never answers."""
    with suppress(ConnectionError):
        await reader.read()
    writer.close()


async def test_a_connection_takes_the_place_of_the_one_that_has_been_idle_longest() -> None:
    async with gateway(silent, terms=DoorTerms(connections=20)) as port, asyncio.timeout(30):
        many = [await waiting_for_an_end(port, b"half a request") for _ in range(100)]
        ended = [asyncio.create_task(reader.read()) for reader, _ in many]
        await asyncio.wait(ended[:70], return_when=asyncio.ALL_COMPLETED)
        assert not any(task.done() for task in ended[90:])
        for task, (_, writer) in zip(ended, many, strict=True):
            task.cancel()
            writer.close()


async def test_idle_connections_end_and_those_that_wait_for_an_answer_have_longer() -> None:
    terms = DoorTerms(idle_seconds=0.2, answer_seconds=60.0)
    async with gateway(silent, terms=terms) as port, asyncio.timeout(30):
        asked, asking = await waiting_for_an_end(port, b"a request")
        answer = asyncio.create_task(asked.read())
        said_nothing, nothing = await waiting_for_an_end(port)
        assert await said_nothing.read() == b""
        assert not answer.done()
        answer.cancel()
        nothing.close()
        asking.close()
