"""Checks of a party that runs, and of one in which a hole was made."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from contracts import topics
from contracts.http.problems import Problem
from contracts.roles import Role
from services.chassis.access.users import with_key, write_users
from services.chassis.web.application import create_http
from services.console.duties.checks.access_logs import check_access_log
from services.console.duties.checks.collecting import check_fields, check_terms
from services.console.duties.checks.operating import check_monitored
from services.console.duties.checks.roles import check_roles
from services.console.duties.inspecting import ASKED, inspect
from services.console.duties.site import Site
from services.console.stack.clients import Refused, StackClient
from services.console.stack.credentials import key_file
from services.console.stack.private_files import write_private
from testbed.processes import free_port_base
from tests.component.test_migrations import a_service

PARTIES = {topics.WARD: "ward", topics.PAYMENT_PROVIDER: "payment_provider", "card_agent.uc": "card_agent"}


class Party(StackClient):
    """Calls the one application that it is given, whichever party is meant."""

    def __init__(self, app: FastAPI, key: str) -> None:
        super().__init__(1)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._app = httpx.AsyncClient(transport=transport, base_url="http://party")
        self._key = key

    async def ask(self, method: str, principal: str, path: str, **options: Any) -> Any:
        answer = await self._app.request(method, path, headers=_bearer(self._key), **options)
        assert answer.is_success, answer.text
        return answer.json()

    async def download(self, principal: str, path: str, **parameters: Any) -> bytes:
        answer = await self._app.get(path, params=parameters, headers=_bearer(self._key))
        if answer.is_error:
            raise Refused(Problem.model_validate(answer.json()))
        return answer.content

    async def probe(self, method: str, principal: str, path: str, key: str = "") -> int:
        return (await self._app.request(method, path, headers=_bearer(key))).status_code


def _bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


class Running:
    """A party with an operator and, as the app, a user in these roles."""

    def __init__(self, principal: str, folder: Path, *app_roles: Role, **settings: Any) -> None:
        (operator, key), (app, app_key) = (
            with_key("operator", list(Role), "inspection"),
            with_key("app", list(app_roles), "payment"),
        )
        write_users(folder / "users.json", [operator, app])
        write_private(key_file(folder, "app"), app_key)
        party = PARTIES[principal]
        self.service = a_service(
            party, "sqlite://", **{"access": "users", "users_file": folder / "users.json", **settings}
        )
        self.app = create_http(self.service, import_module(f"services.{party}.routes").router(self.service))
        self.site = Site(Party(self.app, key), folder)

    async def __aenter__(self) -> Running:
        await self.service.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.service.abandon()


@pytest.mark.parametrize("principal", PARTIES)
async def test_a_party_as_it_is_asks_for_a_caller_and_a_role(principal: str, tmp_path: Path) -> None:
    async with Running(principal, tmp_path, Role.PAYER_APP) as running:
        found = await check_roles(principal, running.site)
        assert found.holds is True, found.said
        public = 4 if principal == topics.PAYMENT_PROVIDER else 3
        assert f"{public} of them public" in found.said.english
        tried = int(found.said.english.split("; ")[-1].split()[0])
        assert (tried > 20) is (principal != topics.WARD), "the app is no user of the ward"


async def test_a_route_that_asks_for_nobody_is_found(tmp_path: Path) -> None:
    async with Running(topics.WARD, tmp_path) as running:
        running.app.add_api_route("/everything", lambda: {"slips": []}, methods=["GET"])
        found = await check_roles(topics.WARD, running.site)
        assert (found.holds, "GET /everything" in found.said.english) == (False, True)


async def test_routes_that_say_they_ask_and_do_not_are_found(tmp_path: Path) -> None:
    async with Running(topics.WARD, tmp_path, access="open") as running:
        found = await check_roles(topics.WARD, running.site)
        assert found.holds is False
        assert "routes ask for nobody: GET " in found.said.english, "and nothing is posted as nobody"


async def test_an_app_that_may_read_the_books_is_found(tmp_path: Path) -> None:
    async with Running(topics.PAYMENT_PROVIDER, tmp_path, Role.PAYER_APP, Role.AUDITOR) as running:
        found = await check_roles(topics.PAYMENT_PROVIDER, running.site)
        assert (found.holds, "GET /duties/erasures" in found.said.english) == (False, True)


class Belief(BaseModel):
    religion: str


async def test_a_request_that_asks_for_more_than_is_told_is_found(tmp_path: Path) -> None:
    async with Running(topics.PAYMENT_PROVIDER, tmp_path) as running:
        assert (await check_fields(topics.PAYMENT_PROVIDER, running.site)).holds is True

        async def believe(_: Belief) -> None: ...

        running.app.add_api_route("/beliefs", believe, methods=["POST"])
        running.app.openapi_schema = None
        found = await check_fields(topics.PAYMENT_PROVIDER, running.site)
        assert (found.holds, found.said.english.endswith("religion")) == (False, True)


async def test_terms_metrics_and_the_access_log_of_a_running_party_hold(tmp_path: Path) -> None:
    async with Running(topics.PAYMENT_PROVIDER, tmp_path) as running:
        for check in (check_terms, check_monitored, check_access_log):
            found = await check(topics.PAYMENT_PROVIDER, running.site)
            assert found.holds is True, found.said


async def test_a_party_that_does_not_answer_its_monitor_is_found() -> None:
    async with StackClient(free_port_base()) as client:
        found = await check_monitored(topics.WARD, Site(client, None))
    assert (found.holds, "does not answer" in found.said.english) == (False, True)


async def test_a_key_that_may_not_look_says_nothing_of_the_party(tmp_path: Path) -> None:
    async with Running(topics.WARD, tmp_path) as running:
        clerk, key = with_key("clerk", [Role.COLLECTION_CLERK], "inspection")
        write_users(tmp_path / "users.json", [clerk])
        with pytest.raises(Refused, match="role_missing"):
            await check_monitored(topics.WARD, Site(Party(running.app, key), tmp_path))


async def test_every_check_is_made_once_for_each_party_that_owes_it(tmp_path: Path) -> None:
    results = await inspect(Site(None, None))
    assert [(result.party, result.check) for result in results] == list(ASKED)
    assert {result.holds for result in results} <= {None, True}, "of nothing, nothing can be said to be wrong"
    assert all(result.found and result.japanese for result in results)
