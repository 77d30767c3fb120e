"""HTTP at the edge of a service: problems, correlation ids, health, metrics, dead letters, the document."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from services.chassis.clock import pause
from services.chassis.web.listeners import Listener
from tests.component.home import Home
from tests.component.tiny_party import BROKEN_AMOUNT, INBOUND, NOON, Driven, Entry

PROBLEM = "application/problem+json"
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"


@asynccontextmanager
async def serving(folder: Path, **settings: Any) -> AsyncIterator[tuple[Driven, httpx.AsyncClient]]:
    driven = Driven(Home(folder))
    await driven.start(**settings)
    transport = httpx.ASGITransport(driven.http, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://tiny") as client:
        yield driven, client


def entry(name: object = "one", amount: object = 1, **more: object) -> dict[str, object]:
    return {"account": "a", "name": name, "amount": amount, **more}


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The body of a problem. Asserts its status, its code and that every field is there."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    body: dict[str, Any] = answer.json()
    assert set(body) == {"type", "title", "status", "code", "detail", "remedy", "errors"}
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:sansha:problem:{code}")
    assert body["title"] == code.replace("_", " ")
    assert body["detail"]
    assert body["remedy"]
    assert len(answer.headers["X-Correlation-Id"]) == 32
    return body


# ---- refusals and errors ----------------------------------------------------------------------------------


async def test_a_refusal_is_a_problem_with_its_code_and_remedy(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        body = problem(await client.post("/entries", json=entry(amount=-1)), 422, "amount_below_zero")
        assert (body["detail"], body["remedy"], body["errors"]) == ("the amount is -1", "send 0 or more", [])
        assert await driven.names() == []


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"json": entry(amount="4111111111111112x")}, "body.amount"),
        ({"json": entry(name={"4111111111111112": 1})}, "body.name"),
        ({"json": {"account": "4111111111111112"}}, "body.name"),
        ({"content": b'{"account": 4111111111111112,'}, "body"),
        ({"json": entry(), "headers": {"Idempotency-Key": "4111111111111112" * 13}}, "header.Idempotency-Key"),
        ({}, "body"),
    ],
)
async def test_what_is_malformed_is_named_and_never_echoed(sent: dict[str, Any], field: str, tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        answer = await client.post("/entries", **{"headers": {"content-type": "application/json"}, **sent})
        body = problem(answer, 422, "invalid_request")
        assert [error["field"].startswith(field) for error in body["errors"]] == [True], body
        assert all(error["wrong"] for error in body["errors"])
        assert "4111111111111112" not in answer.text
        assert await driven.names() == []


async def test_a_body_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        answer = await client.post(
            "/entries", content=b"\xff4111111111111112", headers={"content-type": "application/json"}
        )
        problem(answer, 400, "invalid_request")
        assert "4111111111111112" not in answer.text


async def test_a_request_over_the_limit_in_flight_is_answered_503_with_retry_after(tmp_path: Path) -> None:
    async with serving(tmp_path, http_requests_at_once=2) as (driven, client):
        async with driven.service.database.begin():
            waiting = [asyncio.create_task(client.post("/entries", json=entry(str(n)))) for n in range(2)]
            await pause(0.05)
            key = {"Idempotency-Key": "the third"}
            refused = await client.post("/entries", json=entry("2"), headers=key)
            problem(refused, 503, "too_busy")
            assert int(refused.headers["Retry-After"]) > 0
            assert (await client.get("/health/live")).status_code == 200
        assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [201, 201]
        assert (await client.post("/entries", json=entry("2"), headers=key)).status_code == 201
        assert sorted(await driven.names()) == ["0", "1", "2"]


async def test_an_unknown_path_and_a_wrong_method_are_problems(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        problem(await client.get("/nothing/here"), 404, "not_found")
        wrong_method = await client.delete("/entries")
        problem(wrong_method, 405, "method_not_allowed")
        assert wrong_method.headers["Allow"] == "POST"


async def test_a_bug_is_answered_500_without_what_it_was(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        headers = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}
        with structlog.testing.capture_logs() as logged:
            answer = await client.post("/entries", json=entry("a secret", BROKEN_AMOUNT), headers=headers)
        (failed,) = [line for line in logged if line["log_level"] == "error"]
        assert (failed["event"], failed["correlation_id"]) == ("request failed", TRACE_ID)
        assert isinstance(failed["exc_info"], RuntimeError), "the log has the trace"
        body = problem(answer, 500, "internal")
        assert TRACE_ID in body["detail"]
        assert answer.headers["X-Correlation-Id"] == TRACE_ID
        for detail in ("secret", "bug", "Traceback", "RuntimeError", ".py"):
            assert detail not in answer.text
        assert await driven.names() == []
        assert 'status="500"' in (await client.get("/metrics")).text


async def test_a_commit_that_fails_is_not_answered_as_done(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        headers = {"Idempotency-Key": "key"}
        with structlog.testing.capture_logs():
            answer, again = [await client.post("/entries", json=entry(owner="nobody"), headers=headers) for _ in "12"]
        problem(answer, 500, "internal")
        problem(again, 500, "internal")
        assert "FOREIGN KEY" not in answer.text
        assert await driven.names() == []
        assert await driven.count("outbox") == await driven.count("command_answers") == 0


async def test_a_repeated_request_is_answered_the_same_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        headers = {"Idempotency-Key": "key"}
        first, again = [await client.post("/entries", json=entry(), headers=headers) for _ in range(2)]
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert first.status_code == 201
        changed = await client.post("/entries", json=entry(amount=2), headers=headers)
        problem(changed, 409, "idempotency_key_reused")
        assert await driven.names() == ["one"]


# ---- correlation ------------------------------------------------------------------------------------------


async def test_a_request_s_trace_is_its_correlation_id(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        answer = await client.get("/health/live", headers={"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"})
        assert answer.headers["X-Correlation-Id"] == TRACE_ID


@pytest.mark.parametrize("traceparent", [None, "", "nonsense", f"00-{TRACE_ID}", f"00-{TRACE_ID}\r-x-01"])
async def test_a_request_without_a_trace_gets_an_id_of_its_own(traceparent: str | None, tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        headers = {} if traceparent is None else {"traceparent": traceparent.replace("\r", "")}
        ids = [(await client.get("/health/live", headers=headers)).headers["X-Correlation-Id"] for _ in range(2)]
        assert ids[0] != ids[1]
        assert all(len(each) == 32 and int(each, 16) for each in ids)
        assert TRACE_ID not in ids


# ---- operations -------------------------------------------------------------------------------------------


async def test_health_tells_living_from_ready(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        assert (await client.get("/health/live")).json() == {"status": "alive"}
        assert (await client.get("/health/ready")).json() == {"status": "ready", "waiting": []}
        async with driven.service.reading() as session:
            await session.execute(text("PRAGMA busy_timeout = 1"))
        hog = sqlite3.connect(tmp_path / f"{driven.principal}.db", isolation_level=None)
        hog.execute("BEGIN EXCLUSIVE")
        problem(await client.get("/health/ready"), 503, "unavailable")
        assert (await client.get("/health/live")).status_code == 200
        hog.close()
        assert (await client.get("/health/ready")).status_code == 200
        await driven.service.close()
        problem(await client.get("/health/ready"), 503, "unavailable")


def test_a_connection_is_kept_for_longer_than_clients_keep_theirs() -> None:
    """Otherwise a request may meet a closing connection, and its sender cannot know whether it was handled."""
    theirs = httpx.Limits().keepalive_expiry
    assert theirs is not None
    assert Listener(None, "127.0.0.1", 0).config().timeout_keep_alive >= 10 * theirs


async def test_metrics_count_what_was_done(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        for amount in (1, -1):
            await client.post("/entries", json=entry(amount=amount))
        await driven.send(Entry(account="a", name="e"), Entry(account="a", name="e"))
        await driven.send(Entry(account="b", name="bad", amount=-1))
        await driven.settle()
        await driven.send(Entry(account="c", name="waiting"))
        answer = await client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        found = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }
        assert found["sansha_commands_total", "add", "done"] == 1
        assert found["sansha_commands_total", "add", "amount_below_zero"] == 1
        assert found["sansha_http_request_seconds_count", "POST", "/entries", "201"] == 1
        assert found["sansha_events_handled_total", Entry.TYPE] == 1
        assert found["sansha_events_duplicate_total",] == 1
        assert found["sansha_events_dead_lettered_total", Entry.TYPE] == 1
        assert found["sansha_dead_letters",] == 1
        assert found["sansha_consumer_lag", INBOUND] == 1


async def test_the_status_tells_what_is_behind(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        await client.post("/entries", json=entry())
        await driven.send(Entry(account="a", name="e"))
        status = (await client.get("/ops/status")).json()
        assert (status["principal"], status["clock_rate"]) == (driven.principal, 0.0)
        assert (status["outbox_due"], status["lag"][INBOUND], status["dead_letters"]) == (1, 1, 0)
        await driven.settle()
        settled = (await client.get("/ops/status")).json()
        assert (settled["outbox_due"], sum(settled["lag"].values()), settled["next_due_at"]) == (0, 0, None)


async def test_dead_letters_are_listed_mended_and_replayed(tmp_path: Path) -> None:
    async with serving(tmp_path) as (driven, client):
        undecodable = driven.record(Entry(account="b", name="x"))
        await driven.send(Entry(account="a", name="bad", amount=-1))
        await driven.bus.produce([undecodable._replace(value=b"{oh", headers=())])
        await driven.settle()
        listed = {letter["event_type"]: letter for letter in (await client.get("/ops/dead-letters")).json()}
        bad, unread = listed[Entry.TYPE], listed["unknown"]
        assert (bad["value"]["amount"], bad["attempts"]) == (-1, 4)
        assert unread["value"] == "{oh"
        assert unread["id"].startswith(f"{INBOUND}/")
        path = f"/ops/dead-letters/{bad['id']}/replay"
        problem(await client.post(path, json={}), 409, "dead_letter_still_fails")
        replayed = await client.post(path, json={"value": {**bad["value"], "amount": 7}})
        assert (replayed.status_code, replayed.json()["id"]) == (200, bad["id"])
        problem(await client.post(path, json={}), 404, "dead_letter_unknown")
        problem(await client.post(f"/ops/dead-letters/{unread['id']}/replay", json={}), 409, "dead_letter_still_fails")
        assert [letter["id"] for letter in (await client.get("/ops/dead-letters")).json()] == [unread["id"]]
        assert await driven.names() == ["bad"]
        assert (await driven.booked_at())["bad"] == NOON


# ---- the document -----------------------------------------------------------------------------------------


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


async def test_the_openapi_document_is_whole(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        document = (await client.get("/openapi.json")).json()
        assert document["openapi"].startswith("3.1")
        assert document["info"]["title"]
        assert document["info"]["version"]
        assert {"/entries", "/health/live", "/ops/status", "/metrics"} <= document["paths"].keys()
        schemas = document["components"]["schemas"]
        for schema in schemas.values():
            Draft202012Validator.check_schema(schema)
        assert {reference.rpartition("/")[2] for reference in _references(document)} <= schemas.keys()
        operations = [operation for path in document["paths"].values() for operation in path.values()]
        ids = [operation["operationId"] for operation in operations]
        assert len(ids) == len(set(ids))
        assert schemas["EntryRequest"]["properties"]["amount"]["examples"] == [1]
        for operation in operations:
            for status, response in operation["responses"].items():
                assert response["description"]
                assert (PROBLEM in response.get("content", {})) == (int(status) >= 400)
        post = document["paths"]["/entries"]["post"]
        assert [parameter["name"] for parameter in post["parameters"]] == ["Idempotency-Key"]
        answered, refused = (
            {"201", "404", "409", "422"},
            {"400", "403", "408", "413", "414", "415", "421", "431", "503"},
        )
        assert answered | refused == post["responses"].keys()


async def test_what_is_documented_as_a_problem_is_what_is_sent(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, client):
        document = (await client.get("/openapi.json")).json()
        schema = document["components"]["schemas"]["Problem"]
        sent = (await client.post("/entries", json=entry(amount=-1))).json()
        Draft202012Validator(schema).validate(sent)
