"""What one connection must not do to a listener: hold its place without a request, or its memory without an end."""

from __future__ import annotations

import asyncio
import errno
import json
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from trustme import CA

from services.chassis.clock import monotonic, pause
from services.chassis.web.connections import ConnectionTerms
from services.chassis.web.listeners import Listener, room_for
from services.chassis.web.tls import Tls
from testbed.processes import eventually, free_port_base, is_free

HOST = "127.0.0.1"
TERMS = ConnectionTerms(
    at_once=20,
    head_seconds=0.4,
    body_seconds=0.4,
    body_bytes_per_second=1_000,
    keep_alive_seconds=1.0,
    handshake_seconds=1.0,
    linger_seconds=0.4,
    stall_seconds=0.5,
)
HALF_LINE, HALF_HEAD = b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-"
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nab"


@dataclass
class App:
    """Reads the whole body and answers how long it was; counts the clients that left."""

    read: list[int] = field(default_factory=list)
    left: int = 0
    begun: int = 0
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        if scope["path"] == "/held":
            await self.release.wait()
        if scope["path"] == "/endless":
            await self._endless(send)
            return
        size, more = 0, scope["path"] != "/unread"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            size, more = size + len(message["body"]), message["more_body"]
        self.read.append(size)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def _endless(self, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(2_000):
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
        self.left += 1


@dataclass
class Served:
    app: App
    port: int
    client: ssl.SSLContext | None = None

    async def connect(self, sent: bytes = b"") -> tuple[StreamReader, StreamWriter]:
        reader, writer = await asyncio.open_connection(HOST, self.port, ssl=self.client)
        writer.write(sent)
        return reader, writer

    async def answer(self, sent: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the problem of the answer after which the connection ends; 0 if it ends without one."""
        reader, writer = await self.connect(sent)
        async with asyncio.timeout(20):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return (int(head.split()[1]), json.loads(body)) if head else (0, {})

    async def works(self) -> bool:
        """Whether a whole request is answered."""
        reader, writer = await self.connect(WHOLE)
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        return b" 200 " in head


@asynccontextmanager
async def serving(terms: ConnectionTerms = TERMS, tls: Tls | None = None) -> AsyncIterator[Served]:
    app, port, stopping = App(), free_port_base(), asyncio.Event()
    served = asyncio.create_task(Listener(app, HOST, port, tls, terms).serve(stopping))

    async def listens() -> bool:
        return not is_free(port)

    await eventually(listens, "a listener")
    yield Served(app, port)
    app.release.set()
    stopping.set()
    async with asyncio.timeout(15):
        await served


# ---- time ---------------------------------------------------------------------------------------------------


async def test_half_a_request_is_answered_408_and_none_is_closed() -> None:
    async with serving() as served:
        began = monotonic()
        *halves, nothing = await asyncio.gather(*map(served.answer, (HALF_LINE, HALF_HEAD, HALF_BODY, b"")))
        assert [(status, problem["code"]) for status, problem in halves] == [(408, "request_timeout")] * 3
        assert nothing == (0, {})
        assert monotonic() - began < 5
        assert await served.works()


async def test_half_a_second_request_has_no_more_time_than_the_first() -> None:
    async with serving(replace(TERMS, keep_alive_seconds=60.0)) as served:
        reader, writer = await served.connect(WHOLE)
        await reader.readuntil(b"ok")
        writer.write(HALF_HEAD)
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("drop", [b"a: b\r\n", b"x"])
async def test_trickling_gives_no_more_time(drop: bytes) -> None:
    """A head has a limit of its own; each byte of a body gives a thousandth of a second more."""
    async with serving() as served:
        reader, writer = await served.connect(HALF_BODY if drop == b"x" else b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        answer = asyncio.create_task(reader.read())
        async with asyncio.timeout(10):
            while not answer.done():
                writer.write(drop)
                await pause(0.05)
        assert (await answer).startswith(b"HTTP/1.1 408 ")
        await eventually(_left(served.app, drop == b"x"), "the application to see it")


def _left(app: App, expected: bool) -> Any:
    async def seen() -> bool:
        return app.left == int(expected)

    return seen


async def test_a_body_that_keeps_its_pace_may_take_its_time() -> None:
    async with serving() as served:
        reader, writer = await served.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000\r\n\r\n")
        for _ in range(15):
            writer.write(bytes(200))
            await pause(0.1)
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        assert served.app.read == [3000]
        writer.close()


async def test_the_time_that_the_application_takes_is_not_the_client_s() -> None:
    async with serving() as served:
        reader, writer = await served.connect(WHOLE.replace(b"GET /", b"GET /held"))
        await pause(1.2)
        served.app.release.set()
        assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        writer.close()


async def test_a_client_that_reads_nothing_of_an_answer_is_cut_off() -> None:
    async with serving() as served:
        _, writer = await served.connect(WHOLE.replace(b"GET /", b"GET /endless"))
        await eventually(_left(served.app, expected=True), "the end of the stream")
        writer.close()


# ---- number and size ----------------------------------------------------------------------------------------


async def test_a_whole_request_takes_the_place_of_one_that_waits() -> None:
    async with serving(replace(TERMS, head_seconds=60.0, body_seconds=60.0)) as served:
        halves = [await served.connect((HALF_LINE, HALF_HEAD, HALF_BODY, b"")[n % 4]) for n in range(100)]
        for _ in range(5):
            assert await served.works()
        async with asyncio.timeout(10):
            assert b" 503 " in await halves[0][0].read()
        for _, writer in halves:
            writer.close()


async def test_if_all_are_at_work_a_further_connection_is_answered_503() -> None:
    async with serving() as served:
        held = [await served.connect(WHOLE.replace(b"GET /", b"GET /held")) for _ in range(TERMS.at_once)]

        async def at_work() -> bool:
            return served.app.begun == TERMS.at_once

        await eventually(at_work, "requests at work")
        reader, writer = await served.connect()
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: " in answer.lower()
        served.app.release.set()
        for each, _ in held:
            assert b" 200 " in await each.readuntil(b"\r\n\r\n")
        for _, each_writer in held:
            each_writer.close()
        writer.close()


async def test_a_head_without_an_end_is_answered_431() -> None:
    async with serving() as served:
        status, problem = await served.answer(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + bytes([97]) * 400_000)
        assert (status, problem["code"]) == (431, "headers_too_large")


async def test_chunks_that_are_nearly_all_wrapping_are_no_body() -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving(replace(TERMS, body_seconds=60.0)) as served:
        status, _ = await served.answer(head + b"1;" + bytes([97]) * 400_000)
        assert status == 431


async def test_what_is_no_http_is_answered_400() -> None:
    async with serving() as served:
        for nonsense in (b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
            status, problem = await served.answer(nonsense)
            assert (status, problem["code"]) == (400, "invalid_request")


async def test_an_answer_arrives_though_its_request_is_still_being_sent() -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30000000\r\n\r\n"
    async with serving() as served:
        reader, writer = await served.connect(head + bytes(30_000_000))
        assert b" 200 " in await reader.readuntil(b"ok")
        await writer.drain()
        writer.write(WHOLE)
        assert b" 200 " in await reader.readuntil(b"ok")
        writer.close()


async def test_the_rest_of_a_body_that_nobody_reads_is_not_waited_for() -> None:
    async with serving() as served:
        reader, writer = await served.connect(HALF_BODY.replace(b"POST /", b"POST /unread"))
        async with asyncio.timeout(10):
            assert (await reader.read()).endswith(b"ok")
        writer.close()


async def test_many_requests_sent_ahead_of_their_answers_end_the_connection() -> None:
    async with serving() as served:
        reader, writer = await served.connect(WHOLE.replace(b"GET /", b"GET /held") + WHOLE * 1_000)
        assert await reader.read() == b""
        writer.close()
        assert await served.works()


def test_connections_need_open_files() -> None:
    assert room_for(10) == 10
    assert room_for(10**9) < 10**9


# ---- TLS ----------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Tls, ssl.SSLContext]:
    authority = CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    made = authority.issue_cert("localhost", HOST)
    made.cert_chain_pems[0].write_to_path(str(tmp_path / "own.pem"))
    made.private_key_pem.write_to_path(str(tmp_path / "own.key"))
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    client.load_cert_chain(tmp_path / "own.pem", tmp_path / "own.key")
    return Tls(tmp_path / "ca.pem", tmp_path / "own.pem", tmp_path / "own.key"), client


async def test_only_ciphers_with_forward_secrecy_that_authenticate_are_offered(
    keys: tuple[Tls, ssl.SSLContext],
) -> None:
    tls, client = keys
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(tls=tls) as served:
        served.client = client
        assert await served.works()
        client.set_ciphers("ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384")  # no AEAD
        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection(HOST, served.port, ssl=client)


async def test_a_handshake_that_does_not_end_is_ended(keys: tuple[Tls, ssl.SSLContext]) -> None:
    tls, client = keys
    async with serving(tls=tls) as served:
        assert await served.answer(b"\x16\x03\x01\x02\x00\x01") == (0, {})
        served.client = client
        assert await served.works()


async def test_half_handshakes_keep_no_terminal_out(keys: tuple[Tls, ssl.SSLContext]) -> None:
    tls, client = keys
    async with serving(replace(TERMS, handshake_seconds=60.0), tls) as served:
        halves = [await served.connect(b"\x16\x03\x01") for _ in range(60)]
        served.client = client
        for _ in range(3):
            assert await served.works()
        for _, writer in halves:
            writer.close()


async def test_a_client_that_leaves_at_the_very_moment_its_time_is_over_harms_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(_: object) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    monkeypatch.setattr(asyncio.selector_events._SelectorSocketTransport, "write_eof", gone)  # type: ignore[attr-defined]
    async with serving() as served:
        for half in (HALF_LINE, HALF_HEAD, HALF_BODY):
            reader, writer = await served.connect(half)
            async with asyncio.timeout(10):
                await reader.read()
            writer.close()
        assert await served.works()
