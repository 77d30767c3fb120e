"""Clients that no honest one is like, at a running stack: while they do their worst, payers are served.

One stack serves all tests of this module.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from contracts import topics
from services.chassis.clock import monotonic, pause
from testbed.processes import eventually
from testbed.running_stack import STEPPED, Stack
from tests.slip_pictures import PAPER, a_slip, as_file, printed, rasterised

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

LISTENERS = (topics.PAYMENT_PROVIDER, topics.WARD, topics.CONSOLE)
HALVES = (
    b"POST /sc",
    b"POST /scans HTTP/1.1\r\nHost: localhost\r\nContent-Ty",
    b"POST /scans HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer KEY\r\nContent-Length: 200\r\n\r\n{",
    b"",
)
A_THOUSAND = 1_000
SETTINGS: Mapping[str, Any] = {
    "SANSHA_HTTP_HEAD_SECONDS": "4",
    "SANSHA_HTTP_BODY_SECONDS": "4",
    "SANSHA_PAYMENT_PROVIDER_PICTURE_TURN_SECONDS": "1.5",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), *STEPPED, "--log-level", "debug", **SETTINGS)
    try:
        await stack.start()
        yield stack
    finally:
        await stack.close()


async def connect(stack: Stack, principal: str, sent: bytes = b"") -> tuple[StreamReader, StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.port(principal))
    writer.write(sent)
    return reader, writer


async def works(stack: Stack, principal: str) -> None:
    """A request on a new connection is answered at once."""
    async with httpx.AsyncClient(timeout=10.0, auth=stack.as_operator) as http:
        path = "/clock" if principal == topics.CONSOLE else "/health/ready"
        assert (await http.get(stack.url(principal) + path)).status_code == 200


async def megabytes(stack: Stack, principal: str) -> float:
    async with httpx.AsyncClient(auth=stack.as_operator) as http:
        metrics = (await http.get(f"{stack.url(principal)}/metrics")).text
    (line,) = [line for line in metrics.splitlines() if line.startswith("process_resident_memory_bytes ")]
    return float(line.split()[1]) / 1e6


async def consent(stack: Stack, user: str) -> str:
    terms = await stack.get(topics.PAYMENT_PROVIDER, "/terms-of-use")
    accepted = {"app_user": user, "terms_version": terms["terms_version"]}
    return str((await stack.post(topics.PAYMENT_PROVIDER, "/consents", accepted)).json()["consent_id"])


async def test_a_thousand_half_requests_keep_nobody_out(stack: Stack) -> None:
    open_ones = [
        await connect(stack, principal, HALVES[n % len(HALVES)].replace(b"KEY", stack.key.encode()))
        for principal in LISTENERS
        for n in range(A_THOUSAND + 100)
    ]
    began = monotonic()
    for principal in LISTENERS:
        await works(stack, principal)
    assert await consent(stack, "among a thousand")
    assert monotonic() - began < 5
    last = open_ones[len(open_ones) // 3 - 2][0]
    async with asyncio.timeout(30):
        assert b" 408 " in await last.read()
    for _, writer in open_ones:
        writer.close()


async def test_a_body_of_220_megabytes_is_refused_before_it_is_read(stack: Stack) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(220):
            yield bytes(1_000_000)

    for principal, path in ((topics.WARD, "/assessments"), (topics.PAYMENT_PROVIDER, "/scans/image?consent_id=x")):
        before = await megabytes(stack, principal)
        for headers in ({"Content-Length": "220000000"}, {}):
            kind = {"Content-Type": "application/json" if principal == topics.WARD else "image/png"}
            answer = await asyncio.to_thread(
                httpx.post,
                stack.url(principal) + path,
                content=body(),
                headers=kind | headers,
                timeout=30.0,
                auth=stack.as_operator,
            )
            assert answer.status_code == 413, answer.text
        assert await megabytes(stack, principal) < before + 60


async def test_a_hundred_pictures_at_once_are_read_refused_or_told_to_come_later(stack: Stack) -> None:
    before = await megabytes(stack, topics.PAYMENT_PROVIDER)
    url = f"{stack.url(topics.PAYMENT_PROVIDER)}/scans/image"
    async with httpx.AsyncClient(
        timeout=60.0, limits=httpx.Limits(max_connections=100), auth=stack.as_operator
    ) as http:

        async def upload(n: int) -> httpx.Response:
            kind = {"Content-Type": "image/png"}
            return await http.post(url, params={"consent_id": f"c{n}"}, content=bytes(9_900_000), headers=kind)

        answers = await asyncio.gather(*map(upload, range(100)))
        assert {answer.status_code for answer in answers} <= {415, 503}
        busy = [answer for answer in answers if answer.status_code == 503]
        assert busy
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in busy)
    await works(stack, topics.PAYMENT_PROVIDER)
    assert await megabytes(stack, topics.PAYMENT_PROVIDER) < before + 120


async def test_slow_pictures_keep_no_slip_out(stack: Stack) -> None:
    slow = as_file(Image.effect_noise((2_000, 2_000), 90))
    good = as_file(rasterised(printed(a_slip(8_500))).crop(PAPER))
    url = f"{stack.url(topics.PAYMENT_PROVIDER)}/scans/image"
    kind = {"Content-Type": "image/png"}
    async with httpx.AsyncClient(timeout=60.0, auth=stack.as_operator) as http:

        async def upload(consent_id: str, picture: bytes) -> httpx.Response:
            return await http.post(url, params={"consent_id": consent_id}, content=picture, headers=kind)

        consent_id, began = await consent(stack, "with a good photo"), monotonic()
        attackers = [asyncio.create_task(upload(f"slow {n}", slow)) for n in range(4)]
        await pause(0.5)
        answer = asyncio.create_task(upload(consent_id, good))
        while not answer.done():
            asked = monotonic()
            await works(stack, topics.PAYMENT_PROVIDER)
            assert monotonic() - asked < 3
            await pause(0.2)
        if answer.result().status_code == 503:
            assert int(answer.result().headers["Retry-After"]) > 0
        else:
            assert answer.result().status_code == 201, answer.result().text
        assert monotonic() - began < 25
        for attacker in attackers:
            attacker.cancel()  # the client leaves: its picture is given up


async def test_a_client_that_leaves_in_the_middle_is_no_error(stack: Stack) -> None:
    provider, ward = topics.PAYMENT_PROVIDER, topics.WARD
    known = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {stack.key}\r\n".encode()
    length = b"Content-Length: 50000\r\n\r\n" + bytes([32]) * 1_000
    for sent in (
        b"POST /scans " + known + b"Content-Type: application/json\r\n" + length,
        b"POST /scans/image?consent_id=left " + known + b"Content-Type: image/png\r\n" + length,
        b"GET /ops/books " + known + b"\r\n",
        b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /docs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ):
        for principal in (provider, ward):
            for reset in (False, True):
                _, writer = await connect(stack, principal, sent)
                await writer.drain()
                await pause(0.05)
                if reset:  # RST
                    opened: Any = writer.get_extra_info("socket")
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                    writer.transport.abort()
                writer.close()
    kind = {"Content-Type": "image/png"}
    url = f"{stack.url(provider)}/scans/image?consent_id=left"

    async def its_place_is_free() -> bool:
        async with httpx.AsyncClient(auth=stack.as_operator) as http:
            return (await http.post(url, content=b"no picture", headers=kind)).status_code == 415

    await eventually(its_place_is_free, "the place of a client that has left")
    for principal in (provider, ward):
        said = await asyncio.to_thread((stack.data / "logs" / f"{principal}.log").read_text)
        assert "Traceback" not in said
        assert '"level": "error"' not in said
        assert "Exception in ASGI" not in said


async def test_foreign_hosts_and_origins_are_refused_by_every_listener(stack: Stack) -> None:
    async with httpx.AsyncClient() as http:
        for principal in (*stack.principals, topics.CONSOLE):
            url = f"{stack.url(principal)}/openapi.json"
            own = f"127.0.0.1:{stack.port(principal)}"
            assert (await http.get(url, headers={"Origin": f"http://{own}"})).status_code == 200
            assert (await http.get(url, headers={"Host": "localhost"})).status_code == 200
            assert (await http.get(url, headers={"Host": f"evil.example:{stack.port(principal)}"})).status_code == 421
            foreign = await http.get(url, headers={"Origin": "http://evil.example"})
            assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_foreign")
            assert "access-control-allow-origin" not in foreign.headers
            reader, writer = await connect(stack, principal, b"GET /openapi.json HTTP/1.1\r\n\r\n")
            assert b" 400 " in await reader.readuntil(b"\r\n")
            writer.close()
