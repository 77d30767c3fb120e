"""Every route asks who is calling: called as nobody, and as a user in each role alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from contracts.roles import Role
from services.chassis.access.sessions import Session, session_token
from services.chassis.access.users import UnusableUsers, User, with_key, with_password, write_users
from services.chassis.service import Service
from services.chassis.settings import ServiceSettings
from services.chassis.web.application import create_http
from tests.component.home import Home
from tests.component.test_migrations import PARTIES, a_service

PUBLIC: Final = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/terms-of-use"),
    ("POST", "/sessions"),
}
PASSWORD: Final = "correct horse battery"


@asynccontextmanager
async def served(
    party: str, url: str, users: Path, **settings: Any
) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    service = a_service(party, url, **{"access": "users", "users_file": users, **settings})
    await service.start()
    try:
        app = create_http(service, import_module(f"services.{party}.routes").router(service))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://party") as client:
            yield service, client
    finally:
        await service.abandon()


def users_with(path: Path, *people: User) -> Mapping[Role, str]:
    """A user in each role alone, and these people; returns the key of each role."""
    made = {role: with_key(role.value, [role], f"test as {role}") for role in Role}
    write_users(path, [*(user for user, _ in made.values()), *people])
    return {role: key for role, (_, key) in made.items()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, frozenset[str]]]:
    """(method, path, roles that open it)."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            roles = frozenset(role for one in operation.get("security", ()) for role in one["bearer"])
            yield method.upper(), path, roles


@pytest.mark.parametrize("party", PARTIES)
async def test_each_role_opens_its_routes_and_no_other(party: str, tmp_path: Path) -> None:
    keys = users_with(tmp_path / "users.json")
    async with served(party, "sqlite://", tmp_path / "users.json") as (_, client):
        document = (await client.get("/openapi.json")).json()
        assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
        for method, path, roles in operations(document):
            assert bool(roles) is ((method, path) not in PUBLIC), (method, path)
            somewhere = re.sub(r"{\w+}", "1", path)
            for headers in ({}, bearer("0" * 32), bearer(""), {"Authorization": "Basic b3BlcmF0b3I6eA=="}):
                answer = await client.request(method, somewhere, headers=headers)
                assert (answer.status_code == 401) is bool(roles), (method, path)
                if answer.status_code == 401:
                    assert answer.json()["code"] == "not_admitted"
                    assert answer.headers["WWW-Authenticate"] == "Bearer"
            for role, key in keys.items():
                answer = await client.request(method, somewhere, headers=bearer(key))
                refused = bool(roles) and role.value not in roles
                assert (answer.status_code == 403) is refused, (method, path, role)
                assert answer.status_code != 401
                if refused:
                    assert answer.json()["code"] == "role_missing"
                    assert all(name in answer.json()["remedy"] for name in roles)


async def test_nothing_of_a_body_is_read_for_a_caller_that_is_not_known(tmp_path: Path) -> None:
    users_with(tmp_path / "users.json")
    async with served("ward", "sqlite://", tmp_path / "users.json") as (_, client):
        pieces: list[bytes] = []

        async def body() -> AsyncIterator[bytes]:
            pieces.append(b"insured_number")
            yield pieces[-1]

        assert (
            await client.post("/assessments/csv", content=body(), headers={"Content-Type": "text/csv"})
        ).status_code == 401
        assert pieces == []


# ---- people


@pytest.fixture
async def ward(home: Home, tmp_path: Path) -> AsyncIterator[tuple[Service, httpx.AsyncClient]]:
    people = (
        with_password("suzuki", [Role.COLLECTION_CLERK], PASSWORD),
        with_password("sato", [Role.AUDITOR], PASSWORD),
    )
    users_with(tmp_path / "users.json", *people)
    url = await home.url("ward")
    async with served("ward", url, tmp_path / "users.json", login_failures=3) as party:
        yield party


def login(user: str, password: str = PASSWORD, purpose: str = "6月分の消込") -> dict[str, str]:
    return {"user": user, "password": password, "purpose": purpose}


async def test_a_person_logs_in_and_sees_what_the_role_opens(ward: tuple[Service, httpx.AsyncClient]) -> None:
    _, client = ward
    answer = await client.post("/sessions", json=login("suzuki"))
    assert answer.status_code == 201
    session = answer.json()
    assert session["roles"] == ["collection_clerk"]
    mine = await client.get("/sessions/current", headers=bearer(session["session"]))
    assert mine.json() == {"user": "suzuki", "roles": ["collection_clerk"], "purpose": "6月分の消込"}
    statuses = [
        (await client.get(path, headers=bearer(session["session"]))).status_code
        for path in ("/slips", "/open-items", "/ops/books", "/ops/logins", "/ops/dead-letters")
    ]
    assert statuses == [200, 200, 403, 403, 403]


async def test_whoever_knows_the_seed_can_make_no_session(ward: tuple[Service, httpx.AsyncClient]) -> None:
    service, client = ward
    session = Session("suzuki", "6月分の消込", 2**40)
    for secret in (service.secret.hex(), service.secret.decode("latin-1"), ""):
        answer = await client.get("/slips", headers=bearer(session_token(session, secret)))
        assert (answer.status_code, answer.json()["code"]) == (401, "not_admitted")


async def test_after_repeated_failures_a_user_is_locked_out_and_each_attempt_is_recorded(
    ward: tuple[Service, httpx.AsyncClient],
) -> None:
    _, client = ward
    first, second, refused = [await client.post("/sessions", json=login("suzuki", "wrong")) for _ in range(3)]
    assert (refused.status_code, refused.json()["code"]) == (401, "login_refused")
    assert first.json() == second.json() == refused.json()
    locked = await client.post("/sessions", json=login("suzuki"))
    assert locked.json() == refused.json(), "an attacker does not learn that the password was right"
    assert (await client.post("/sessions", json=login("nobody"))).json() == refused.json()
    malformed = await client.post("/sessions", json={"user": "suzuki", "password": PASSWORD})
    assert malformed.status_code == 422
    assert PASSWORD not in malformed.text
    sato = await client.post("/sessions", json=login("sato", purpose="監査"))
    logins = await client.get("/ops/logins", headers=bearer(sato.json()["session"]))
    outcomes = [(one["user"], one["outcome"]) for one in reversed(logins.json())]
    assert outcomes == [
        *[("suzuki", "refused")] * 3,
        ("suzuki", "locked_out"),
        ("nobody", "refused"),
        ("-", "malformed"),
        ("sato", "admitted"),
    ]


async def test_an_idempotency_key_belongs_to_its_caller(tmp_path: Path) -> None:
    (first, first_key), (other, other_key) = (
        with_key(user, [Role.COLLECTION_CLERK], "") for user in ("first", "other")
    )
    write_users(tmp_path / "users.json", [first, other])
    async with served("ward", "sqlite://", tmp_path / "users.json") as (_, client):
        answers = []
        for key, number in ((first_key, "0000000123"), (other_key, "0000000124"), (first_key, "0000000123")):
            wanted = {"insured_number": number, "amount": 5_000, "due_on": "2021-06-30"}
            headers = bearer(key) | {"Idempotency-Key": "k"}
            answers.append(await client.post("/slips", json=wanted, headers=headers))
        assert [a.status_code for a in answers] == [201] * 3
        assert answers[0].json() == answers[2].json()
        assert answers[1].json()["insured_number"] == "0000000124"


# ---- OpenID


async def test_with_openid_software_still_has_its_key_and_people_send_their_purpose(tmp_path: Path) -> None:
    keys = users_with(tmp_path / "users.json")
    nowhere = {"access": "openid", "openid_issuer": "http://127.0.0.1:9", "openid_audience": "sansha"}
    async with served("ward", "sqlite://", tmp_path / "users.json", **nowhere) as (_, client):
        mine = await client.get("/sessions/current", headers=bearer(keys[Role.PEER]))
        assert mine.json()["user"] == "peer"
        answer = await client.post("/sessions", json=login("suzuki"))
        assert (answer.status_code, answer.json()["code"]) == (404, "no_sessions_here")
        unknown = await client.get("/slips", headers=bearer("eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.AAAA"))
        assert (unknown.status_code, unknown.json()["code"]) == (503, "unavailable")
    write_users(
        tmp_path / "users.json", [User("no-purpose", (Role.PEER,), key_sha256=with_key("a", [], "", "k")[0].key_sha256)]
    )
    async with served("ward", "sqlite://", tmp_path / "users.json") as (_, client):
        purposeful = {**bearer("k"), "Access-Purpose": "%E6%B6%88%E8%BE%BC"}
        assert (await client.get("/sessions/current", headers=purposeful)).json()["purpose"] == "消込"


# ---- settings


def test_open_needs_a_loopback_address() -> None:
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        assert ServiceSettings(host=host, access="open").access == "open"
    for host in ("0.0.0.0", "::", "192.168.1.2", "ward"):
        with pytest.raises(ValueError, match=f"needs a loopback address, not SANSHA_HOST={host}"):
            ServiceSettings(host=host, access="open")


def test_openid_needs_its_provider() -> None:
    with pytest.raises(ValueError, match="needs SANSHA_OPENID_ISSUER and SANSHA_OPENID_AUDIENCE"):
        ServiceSettings(access="openid", openid_issuer="https://id.example")


def test_without_users_nothing_is_served() -> None:
    service = a_service("ward", "sqlite://", access="users")
    with pytest.raises(UnusableUsers, match="SANSHA_USERS_FILE is not set"):
        create_http(service, import_module("services.ward.routes").router(service))
