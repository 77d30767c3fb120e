"""Every read of personal data over HTTP is recorded before it is answered: who, whose, why, when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.access_log import Entry, broken
from contracts.http.access import AccessView
from contracts.roles import Role
from services.chassis.access.users import with_key, write_users
from services.chassis.service import Service
from services.chassis.web.admission import GuardedRoute
from services.chassis.web.application import create_http
from services.chassis.web.persons import KINDS, shows_persons
from services.console.books.access_logs import entry_of
from tests.component.home import Home
from tests.component.test_access_roles import bearer, served, users_with
from tests.component.test_migrations import PARTIES, a_service

WITHOUT_PERSONS = {
    "ward": {
        "/balances", "/deposits", "/terminal/steps", "/terminal/files",
        "/terminal/line", "/visibility",
    },
    "payment_provider": {"/test-banks", "/anomaly-kinds", "/card-agents", "/terminal-accesses", "/duties/erasures"},
    "card_agent": {"/test-cards", "/statements", "/terms", "/duties/erasures"},
}  # fmt: skip
"""What callers in a role may read without an entry, besides what every party has."""
OF_EVERY_PARTY = {"/metrics", "/ops/status", "/ops/environment", "/sessions/current", "/ops/logins"}


@pytest.fixture
async def ward(home: Home, tmp_path: Path) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    people = [
        with_key("suzuki", [Role.COLLECTION_CLERK], "6月分の消込", "s" * 32)[0],
        with_key("sato", [Role.AUDITOR, Role.PRIVACY_OFFICER], "監査", "a" * 32)[0],
        with_key("nameless", [Role.COLLECTION_CLERK], "", "n" * 32)[0],
    ]
    write_users(tmp_path / "users.json", people)
    async with served("ward", await home.url("ward"), tmp_path / "users.json") as party:
        yield party


async def issued(client: httpx.AsyncClient, number: str) -> dict[str, Any]:
    wanted = {"insured_number": number, "amount": 5_000, "due_on": "2021-06-30"}
    return dict((await client.post("/slips", json=wanted, headers=bearer("s" * 32))).json())


async def log_of(client: httpx.AsyncClient) -> list[Entry]:
    views = (await client.get("/ops/access-log", headers=bearer("a" * 32))).json()
    return [entry_of(AccessView.model_validate(view)) for view in views]


async def test_each_read_is_recorded_with_who_whose_and_why(ward: tuple[Service, httpx.AsyncClient]) -> None:
    _, client = ward
    one, two = await issued(client, "0000000123"), await issued(client, "0000000124")
    clerk = bearer("s" * 32)
    for path in ("/slips", f"/slips/{one['slip_number']}", "/slips?insured_number=0000000999"):
        assert (await client.get(path, headers=clerk)).status_code == 200
    assert (await client.get(f"/slips/{two['slip_number']}/deeming", headers=clerk)).status_code == 200
    assert (await client.get("/slips/1", headers=clerk)).status_code == 404
    assert (await client.get("/balances", headers=clerk)).status_code == 200
    assert (await client.get("/ops/books", headers=bearer("a" * 32))).status_code == 200
    log = await log_of(client)
    assert broken(log) == []
    assert [(e.access.user, e.access.what, e.access.whose, e.access.why) for e in log] == [
        ("suzuki", "GET /slips", ("insured:0000000123", "insured:0000000124"), "6月分の消込"),
        (
            "suzuki",
            "GET /slips/{slip_number}",
            ("insured:0000000123", f"slip:{one['slip_number']}"),
            "6月分の消込",
        ),
        ("suzuki", "GET /slips", ("insured:0000000999",), "6月分の消込"),
        ("suzuki", "GET /slips/{slip_number}/deeming", (f"slip:{two['slip_number']}",), "6月分の消込"),
        ("sato", "GET /ops/books", ("everybody",), "監査"),
    ]
    assert [e.access.what for e in await log_of(client)][-1] == "GET /ops/access-log", "reading the log is recorded"


async def test_without_a_purpose_no_personal_data_are_shown(ward: tuple[Service, httpx.AsyncClient]) -> None:
    _, client = ward
    await issued(client, "0000000123")
    refused = await client.get("/slips", headers=bearer("n" * 32))
    assert (refused.status_code, refused.json()["code"]) == (403, "purpose_missing")
    assert (await client.get("/balances", headers=bearer("n" * 32))).status_code == 200
    named = await client.get("/slips", headers={**bearer("n" * 32), "Access-Purpose": "%E6%B6%88%E8%BE%BC"})
    assert named.status_code == 200
    assert [e.access.why for e in await log_of(client)] == ["消込"]


async def test_reads_at_once_make_one_chain(ward: tuple[Service, httpx.AsyncClient]) -> None:
    _, client = ward
    await issued(client, "0000000123")
    await asyncio.gather(*(client.get("/slips", headers=bearer("s" * 32)) for _ in range(40)))
    log = await log_of(client)
    assert [entry.number for entry in log] == list(range(1, 41))
    assert broken(log) == []


async def test_what_cannot_be_recorded_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = users_with(tmp_path / "users.json")
    async with served("ward", f"sqlite:///{tmp_path}/ward.db", tmp_path / "users.json") as (service, client):

        async def no_space(*_: object) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr(service.access_log, "append", no_space)
        refused = await client.get("/slips", headers=bearer(keys[Role.COLLECTION_CLERK]))
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")


@pytest.mark.parametrize("party", PARTIES)
def test_every_route_that_shows_persons_is_recorded(party: str) -> None:
    """By its answer's fields; a route that shows none is named above, so that a new one is thought about."""
    service = a_service(party, "sqlite://")
    app = create_http(service, import_module(f"services.{party}.routes").router(service))
    read = [r for r in app.routes if isinstance(r, GuardedRoute) and "GET" in (r.methods or ()) and r.roles]
    silent = {route.path for route in read if not route.shows_persons}
    assert silent - OF_EVERY_PARTY == WITHOUT_PERSONS[party]
    document = app.openapi()
    for route in read:
        answer = document["paths"][route.path_format]["get"]["responses"]["200"].get("content", {})
        schema = answer.get("application/json", {}).get("schema", {})
        if shows_persons(schema, document["components"]["schemas"]):
            assert route.shows_persons, route.path
    assert set(KINDS) == {"insured_number", "slip_number", "payment_id", "app_user"}
