"""A client that leaves is no error: nothing is logged as one, and what was held for it is free again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from services.chassis.clock import pause
from services.chassis.web.certificates import certified
from services.chassis.web.streams import STREAMS_AT_ONCE
from tests.component.driven import jst
from tests.component.driven_provider import TERMS, DrivenProvider, slip
from tests.component.home import Home

CERTIFICATE, PASSWORD = b"the ward's terminal", "correct horse"
JSON = {"content-type": "application/json"}


class Client:
    """Sends these pieces of a body and leaves once it has received `leaves_after` messages; None: it stays."""

    def __init__(self, *pieces: bytes, whole: bool = True, leaves_after: int | None = None) -> None:
        self._pieces, self._whole, self._leaves_after = [*pieces], whole, leaves_after
        self.received: list[Mapping[str, Any]] = []
        self._left = asyncio.Event()
        if leaves_after == 0 and not pieces:
            self._left.set()

    async def asks(self, app: Any, method: str, path: str, headers: Mapping[str, str] | None = None) -> int:
        """The status of the answer; 0 without one."""
        path, _, query = path.partition("?")
        sized = {"content-length": "900"} if self._pieces or not self._whole else {}
        given = {"host": "localhost", **sized, **(headers or {})}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "server": ("localhost", 80),
            "client": ("localhost", 1),
        }
        async with asyncio.timeout(30):
            await app(scope, self._receive, self._send)
        starts = [message for message in self.received if message["type"] == "http.response.start"]
        return int(starts[0]["status"]) if starts else 0

    async def _receive(self) -> Mapping[str, Any]:
        if self._pieces:
            piece = self._pieces.pop(0)
            if not self._pieces and self._whole and self._leaves_after == 0:
                self._left.set()
            return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or not self._whole}
        if self._whole:
            await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Mapping[str, Any]) -> None:
        self.received.append(message)
        if self._leaves_after is not None and len(self.received) >= self._leaves_after:
            self._left.set()
            await pause(0)


def errors(logged: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [line for line in logged if line["log_level"] not in ("debug", "info")]


def padded(body: object) -> bytes:
    return json.dumps(body).encode().ljust(900)


async def test_who_leaves_in_the_middle_of_a_body_leaves_no_bytes_in_flight(home: Home) -> None:
    driven = await DrivenProvider.started(home, http_bytes_at_once=1_024)
    app, consent = driven.http, padded({"app_user": "payer", "terms_version": TERMS})
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            assert await Client(consent[:20], whole=False).asks(app, "POST", "/consents", JSON) == 0
            assert await Client(consent[:20], consent[20:]).asks(app, "POST", "/consents", JSON) == 201
    assert errors(logged) == []
    assert sum("left" in line["event"] for line in logged) == 3
    assert 'status="499"' in driven.service.metrics.exposition().decode()


async def test_bytes_in_flight_are_bounded_before_they_are_read(home: Home) -> None:
    driven = await DrivenProvider.started(home, http_bytes_at_once=1_024)
    app, consent = driven.http, padded({"app_user": "payer", "terms_version": TERMS})
    arrived = asyncio.Event()

    async def slowly() -> Mapping[str, Any]:
        await arrived.wait()
        return {"type": "http.request", "body": consent, "more_body": False}

    slow = Client(b"")
    slow._receive = slowly  # type: ignore[method-assign]
    first = asyncio.create_task(slow.asks(app, "POST", "/consents", JSON))
    await pause(0)
    unread = Client(b"unread", b"")
    assert await unread.asks(app, "POST", "/consents", JSON) == 503
    assert dict(unread.received[0]["headers"])[b"retry-after"]
    assert unread._pieces == [b"unread", b""]
    arrived.set()
    assert await first == 201


async def test_who_leaves_while_a_picture_is_sent_leaves_its_place(home: Home) -> None:
    driven = await DrivenProvider.started(home, pictures_at_once=1, pictures_waiting=0)
    app, path = driven.http, "/scans/image?consent_id=c"
    kind = {"content-type": "image/png"}
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            assert await Client(b"half", whole=False).asks(app, "POST", path, kind) in (0, 499)
    assert errors(logged) == []
    assert await Client(b"no picture".ljust(900)).asks(app, "POST", path, kind) == 415


async def test_who_leaves_while_a_picture_is_read_ends_its_reading(home: Home) -> None:
    driven = await DrivenProvider.started(home, pictures_at_once=1, pictures_waiting=0)
    app, kind = driven.http, {"content-type": "image/png"}
    began = asyncio.get_running_loop().time()
    left = Client(b"no picture".ljust(900), leaves_after=0)
    assert await left.asks(app, "POST", "/scans/image?consent_id=c", kind) in (0, 499)
    assert asyncio.get_running_loop().time() - began < 10
    assert await Client(b"no picture".ljust(900)).asks(app, "POST", "/scans/image?consent_id=c", kind) == 415


@pytest.mark.parametrize("after", [1, 2])
async def test_who_leaves_in_the_middle_of_an_answer_leaves_no_transaction(home: Home, after: int) -> None:
    driven = await DrivenProvider.started(home, jst("2021-04-12T12:00"), terminal_password=PASSWORD)
    for n in range(1, 4):
        await driven.paid_by_bank(slip(n))
    await driven.advance(jst("2021-04-13T01:00"))
    terminal = certified(driven.terminal_http, CERTIFICATE)
    basic = {"authorization": "Basic d2FyZC10ZXJtaW5hbDpjb3JyZWN0IGhvcnNl"}
    login = Client()
    assert await login.asks(terminal, "POST", "/login", basic) == 201
    session = json.loads(b"".join(m.get("body", b"") for m in login.received))["session"]
    streams: list[tuple[FastAPI | Any, str, dict[str, str]]] = [
        (driven.http, "/ops/books", {}),
        (terminal, "/receipt-files/SHUNO20210412.txt", {**basic, "terminal-session": session}),
    ]
    with structlog.testing.capture_logs() as logged:
        for app, path, headers in streams:
            for _ in range(8):  # more than there are connections to the database
                assert await Client(leaves_after=after).asks(app, "GET", path, headers) == 200
            assert await Client().asks(app, "GET", path, headers) == 200
    assert errors(logged) == []
    assert await driven.service.is_ready()


async def test_who_leaves_before_the_answer_has_asked_all_the_same(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    scan = padded({"barcode": slip(), "consent_id": driven.consent_id})
    with structlog.testing.capture_logs() as logged:
        await Client(scan, leaves_after=0).asks(driven.http, "POST", "/scans", JSON)
    assert errors(logged) == []
    assert [view.status for view in await driven.service.queries.payments_of(slip()[8:29])] == ["scanned"]


async def test_books_that_are_being_sent_are_bounded_and_free_again_when_their_client_leaves(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    app, reads_on = driven.http, asyncio.Event()

    class Slow(Client):
        async def _send(self, message: Mapping[str, Any]) -> None:
            await super()._send(message)
            await reads_on.wait()

    slow = [asyncio.create_task(Slow().asks(app, "GET", "/ops/books")) for _ in range(STREAMS_AT_ONCE)]
    refused: list[int] = []
    while not refused:
        await pause(0.01)
        if await Client().asks(app, "GET", "/ops/books") == 503:
            refused.append(503)
    assert await Client().asks(app, "GET", "/health/ready") == 200
    reads_on.set()
    assert set(await asyncio.gather(*slow)) == {200}
    for _ in range(2 * STREAMS_AT_ONCE):
        await Client(leaves_after=0).asks(app, "GET", "/ops/books")
    assert await Client().asks(app, "GET", "/ops/books") == 200
