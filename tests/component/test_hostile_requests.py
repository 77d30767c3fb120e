"""Requests that no honest client sends, to every route of every listener: refused with a problem, nothing else.

The routes and their parameters come from the OpenAPI documents, so that a new route is tried too.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import structlog
from fastapi import FastAPI
from sqlalchemy import text

from services.chassis.access.caller import Open
from services.chassis.bus.memory import MemoryBus
from services.chassis.identity import SeededIdentity
from services.chassis.service import Service
from services.chassis.settings import ServiceSettings
from services.console.stack.clients import Replica
from services.console.stack.clock_authority import ClockAuthority
from services.console.stack.control import control
from tests.component.driven_agent import DrivenAgent
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.driven_ward import DrivenWard
from tests.component.home import Home

CARD = "4111111111111111"
SPELT = (CARD, "4111 1111 1111 1111", "4111-1111-1111-1111", "４１１１１１１１１１１１１１１１")
PROBLEM = "application/problem+json"
IN_PATHS = (
    "%00",
    "a%00b",
    "%ff",
    "%ED%A0%80",
    "%0d%0a",
    "%7F",
    "a" * 20_000,
    CARD,
    "4111-1111-1111-1111",
    "%F0%9F%92%B3",
)
IN_QUERIES = (*IN_PATHS, "%EF%BC%94111111111111111", "4111+1111+1111+1111", "'", "9" * 400)
IN_TEXTS = ("\x00", "a\x00b", "\ud800", "x" * 30_000, *SPELT)
HARMLESS = {200, 201, 202}
HEADERS: Mapping[str, Sequence[bytes]] = {
    "Idempotency-Key": (b"\xff", b"k\xe9", b"k" * 201, CARD.encode(), b"4111 1111 1111 1111", b"", b"k" * 9_000),
    "traceparent": (CARD.encode(), b"\xff", b"0" * 9_000, b"00-" + CARD.encode() + b"-x-01"),
    "Content-Type": (b"application/json; charset=\xff", CARD.encode()),
    "Content-Encoding": (b"gzip", b"br", b"deflate, gzip"),
    "X-Anything": (CARD.encode(), b"x" * 9_000),
    "Origin": (b"https://example.com", b"null", b"http://localhost:1"),
    "Host": (b"example.com", b"127.0.0.1.example.com", b"", b"[::2]", b"localhost@example.com"),
}


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    parameters: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any] | None
    kind: str

    def names(self, place: str) -> list[str]:
        return [p["name"] for p in self.parameters if p["in"] == place]

    def filled(self, **given: str) -> str:
        return self.path.format(**dict.fromkeys(self.names("path"), "x") | given)


def routes(app: FastAPI) -> list[Route]:
    document = app.openapi()
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            kind = next(iter(content), "")
            schema = content.get(kind, {}).get("schema")
            body = None if schema is None else {"schema": schema, "document": document}
            found.append(Route(method.upper(), path, operation.get("parameters", ()), body, kind))
    return found


def sample(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """A value of this shape, whose texts are `x`."""
    if "$ref" in schema:
        return sample(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], document)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    if schema.get("examples"):
        return schema["examples"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(part, document) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema["items"], document)]
    return {"integer": 1, "number": 1, "boolean": True, "string": "x"}.get(str(kind))


def with_texts(body: Any, hostile: str) -> Iterator[Any]:
    """The body with each of its texts replaced in turn."""
    if isinstance(body, str):
        yield hostile
    elif isinstance(body, dict):
        for name, value in body.items():
            for replaced in with_texts(value, hostile):
                yield {**body, name: replaced}
    elif isinstance(body, list):
        for number, value in enumerate(body):
            for replaced in with_texts(value, hostile):
                yield [*body[:number], replaced, *body[number + 1 :]]


class Nobody:
    """The parties of a console without any."""

    async def replicas(self, _principals: Collection[str] | None = None) -> Sequence[Replica]:
        return ()


@dataclass
class Line:
    """A listener's application, asked as a client over the network would ask it."""

    app: FastAPI
    client: httpx.AsyncClient

    async def send(
        self, method: str, url: str, content: bytes = b"", headers: Sequence[tuple[str, bytes]] = ()
    ) -> httpx.Response:
        request = httpx.Request(method, f"http://localhost{url}", content=content)
        given = {name.lower() for name, _ in headers}
        kept = [(name, value) for name, value in request.headers.raw if name.decode().lower() not in given]
        request.headers = httpx.Headers([*kept, *((name.encode(), value) for name, value in headers)])
        answer = await self.client.send(request)
        assert answer.status_code < 500 or answer.status_code == 501, (method, url[:200], content[:200], answer.text)
        said = (answer.text + repr(answer.headers)).replace("-", "").replace(" ", "")
        assert CARD not in said, (method, url, content)
        return answer

    async def refused(self, *request: Any, **more: Any) -> int:
        """The status of the problem that answers a request."""
        answer = await self.send(*request, **more)
        assert answer.headers["content-type"] == PROBLEM, (request, answer.status_code, answer.text)
        body = answer.json()
        assert body["detail"]
        assert body["remedy"]
        return int(body["status"])


@asynccontextmanager
async def line(app: FastAPI) -> AsyncIterator[Line]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=True)) as client:
        yield Line(app, client)


@asynccontextmanager
async def every_line(home: Home) -> AsyncIterator[Sequence[tuple[Line, Service | None]]]:
    ward, provider, agent = (
        await DrivenWard.started(home),
        await DrivenProvider.started(home),
        await DrivenAgent.started(home),
    )
    console = control(ClockAuthority(MemoryBus(), SeededIdentity(0), Nobody()), ServiceSettings(), Open())
    apps: Sequence[tuple[FastAPI, Service | None]] = [
        (ward.http, ward.service),
        (provider.http, provider.service),
        (agent.http, agent.service),
        (provider.terminal_http, None),
        (console, None),
    ]
    async with AsyncExitStack() as lines:
        yield [(await lines.enter_async_context(line(app)), service) for app, service in apps]


async def stored(service: Service) -> str:
    """Every value of every table of its database."""
    found = []
    async with service.reading() as session:
        dialect = session.dialect.name
        names = (
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            if dialect == "sqlite"
            else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        for name in (await session.execute(text(names))).scalars():
            found += [repr(tuple(row)) for row in await session.execute(text(f'SELECT * FROM "{name}"'))]
    return "\n".join(found)


async def test_hostile_paths_and_queries_are_refused_everywhere(home: Home) -> None:
    async with every_line(home) as lines:
        for each, _ in lines:
            for route in routes(each.app):
                for name in route.names("path"):
                    for value in IN_PATHS:
                        await each.refused(route.method, route.filled(**{name: value}))
                for name in route.names("query"):
                    for value in IN_QUERIES:
                        await each.send(route.method, f"{route.filled()}?{name}={value}")
                for value in ("%00", "%ff", CARD, "%EF%BC%94111111111111111"):
                    assert await each.refused(route.method, f"{route.filled()}?unknown={value}") in (400, 422)


async def test_hostile_headers_are_refused_everywhere(tmp_path: Path) -> None:
    async with every_line(Home(tmp_path)) as lines:
        for each, _ in lines:
            for route in routes(each.app):
                for name, values in HEADERS.items():
                    for value in values:
                        content = b"{}" if route.method == "POST" else b""
                        answer = await each.send(route.method, route.filled(), content, [(name, value)])
                        if name in ("Host", "Origin") or CARD.encode() in value.replace(b" ", b""):
                            assert answer.status_code in (400, 403, 421, 422), (route.path, name, value)


async def test_hostile_texts_in_bodies_are_refused_and_neither_logged_nor_stored(home: Home) -> None:
    async with every_line(home) as lines:
        with structlog.testing.capture_logs() as logged:
            for each, _ in lines:
                for route in routes(each.app):
                    if route.kind != "application/json" or route.body is None or "card-tokens" in route.path:
                        continue
                    for hostile in IN_TEXTS:
                        for body in with_texts(sample(**route.body), hostile):
                            content = json.dumps(body, ensure_ascii=hostile == "\ud800").encode("utf-8", "replace")
                            kind = [("Content-Type", b"application/json")]
                            status = (await each.send(route.method, route.filled(), content, kind)).status_code
                            assert status not in HARMLESS or hostile not in SPELT, (route.path, body)
        assert CARD not in repr(logged)
        for _, service in lines:
            if service is not None:
                assert CARD not in await stored(service)
                assert CARD not in service.metrics.exposition().decode()


async def test_escaped_digits_and_other_encodings_hide_no_card(tmp_path: Path) -> None:
    async with every_line(Home(tmp_path)) as lines:
        provider = lines[1][0]
        escaped = "".join(f"\\u{ord(digit):04x}" for digit in CARD)
        for content in (
            f'{{"app_user": "{escaped}", "terms_version": "2021-04"}}'.encode(),
            json.dumps({"app_user": CARD, "terms_version": "2021-04"}).encode("utf-16"),
            json.dumps({"app_user": SPELT[3], "terms_version": "2021-04"}).encode(),
        ):
            kind = [("Content-Type", b"application/json")]
            assert await provider.refused("POST", "/consents", content, kind) in (400, 422)


async def test_a_card_number_is_refused_with_the_field_that_has_it(tmp_path: Path) -> None:
    async with every_line(Home(tmp_path)) as lines:
        ward = lines[0][0]
        decision = {"action": "claim_shortfall", "statement_id": "s", "decided_by": "me", "because": f"card {SPELT[1]}"}
        kind = [("Content-Type", b"application/json")]
        answer = await ward.send("POST", "/resolutions", json.dumps(decision).encode(), kind)
        assert (answer.status_code, answer.json()["code"]) == (422, "card_number_out_of_place")
        assert [error["field"] for error in answer.json()["errors"]] == ["body.because"]
        csv = f"insured_number,levy_year,annual_amount\n{CARD},2021,74400\n"
        for encoding in ("utf-8", "cp932"):
            for written in (csv, csv.replace(CARD, SPELT[3])):
                rows = written.encode(encoding)
                assert await ward.refused("POST", "/assessments/csv", rows, [("Content-Type", b"text/csv")]) == 422


async def test_bodies_are_refused_by_their_size_before_they_are_read(tmp_path: Path) -> None:
    async with every_line(Home(tmp_path)) as lines:
        for each, _ in lines:
            for route in routes(each.app):
                if route.method == "POST":
                    length = [("Content-Length", b"220000000"), ("Content-Type", b"text/csv")]
                    assert await each.refused("POST", route.filled() + "?consent_id=x", b"", length) == 413
                    for wrong in (b"x", b"-1", b"9" * 400):
                        assert await each.refused("POST", route.filled(), b"", [("Content-Length", wrong)]) == 400
                    chunked = [("Transfer-Encoding", b"chunked"), ("Content-Type", b"application/json")]
                    if route.kind == "application/json":
                        assert await each.refused("POST", route.filled(), bytes([32]) * 4_100_000, chunked) == 413


async def test_csv_and_pictures_say_what_they_are(tmp_path: Path) -> None:
    async with every_line(Home(tmp_path)) as lines:
        ward, provider = lines[0][0], lines[1][0]
        for kind in (
            b"",
            b"application/x-www-form-urlencoded",
            b"application/json",
            b"text/html",
            b"multipart/form-data",
        ):
            for each, url in ((ward, "/assessments/csv"), (provider, "/scans/image?consent_id=x")):
                answer = await each.send("POST", url, b"a,b", [("Content-Type", kind)])
                assert (answer.status_code, answer.json()["code"]) == (415, "content_type_unsupported")
                assert "send the header Content-Type: " in answer.json()["remedy"]
        csv = b"insured_number,levy_year,annual_amount\n0000000123,2021,74400\n"
        done = await ward.send("POST", "/assessments/csv", csv, [("Content-Type", b"Text/CSV; charset=utf-8")])
        assert done.status_code == 201


async def test_hosts_and_origins_of_the_listener_are_served(tmp_path: Path) -> None:
    driven = await DrivenProvider.started(Home(tmp_path), http_hosts="pay.example, PAY-2.example:8402", port=8402)
    async with line(driven.http) as provider:
        for host in (
            b"localhost",
            b"LOCALHOST:8402",
            b"127.0.0.1:9402",
            b"[::1]:8402",
            b"pay.example",
            b"localhost.",
            b"payment-provider:8402",
        ):
            headers = [("Host", host), ("Origin", b"http://" + host)]
            assert (await provider.send("GET", "/test-banks", b"", headers)).status_code == 200, host
        twice = [("Host", b"localhost"), ("Host", b"localhost")]
        assert await provider.refused("GET", "/test-banks", b"", twice) == 400
        scan = {"barcode": slip(), "consent_id": driven.consent_id}
        headers = [("Content-Type", b"application/json"), ("Origin", b"http://localhost")]
        done = await provider.send("POST", "/scans", json.dumps(scan).encode(), headers)
        assert done.status_code == 201
