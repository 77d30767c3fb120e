"""Amounts, days and instants over HTTP: what is out of bounds is answered 422 with the field and its bound."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from contracts.http.ward.slips import SlipView
from contracts.vocabulary import Refusal
from services.chassis.access.caller import Open
from services.chassis.clock import Clock
from services.chassis.identity import SeededIdentity
from services.chassis.settings import ServiceSettings
from services.console.stack.clock_authority import ClockAuthority
from services.console.stack.control import control
from tests.component.driven_agent import DrivenAgent
from tests.component.driven_provider import DrivenProvider
from tests.component.driven_ward import PERSON, DrivenWard
from tests.component.home import Home
from tests.component.tiny_party import Driven, EntryAnswer, EntryRequest

NO_AMOUNTS: tuple[Any, ...] = (True, False, "5", "5", 5.0, 5.5, 1e300, None, [], {}, -1, 2**31, 2**62, 2**63, 10**30)
NO_DAYS: tuple[Any, ...] = (
    5,
    1_625_454_000,
    "1625454000",
    True,
    2.5,
    "2021-02-30",
    "today",
    "2021-08-02T09:00:00Z",
    [],
    "",
)
NO_INSTANTS: tuple[Any, ...] = (
    5,
    1_625_454_000,
    "1625454000",
    True,
    "2021-07-01T09:00:00",
    "2021-07-01",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+09:00",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-12:00",
    "2000-03-31T14:59:59Z",
    "2099-03-31T15:00:00Z",
    "noon",
    "",
)


async def refused(app: FastAPI, path: str, body: object, field: str) -> dict[str, Any]:
    """The problem, which names the field."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://party") as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == 422, (body, answer.text)
    problem: dict[str, Any] = answer.json()
    assert field in problem["detail"], (body, problem)
    assert answer.headers["content-type"] == "application/problem+json"
    return problem


async def test_only_a_whole_number_within_the_bounds_is_a_slips_amount(home: Home) -> None:
    ward = await DrivenWard.started(home)
    app = ward.http
    asked = {"insured_number": PERSON, "due_on": "2021-08-02"}
    for amount in (*NO_AMOUNTS, 0, 10_000_000):
        await refused(app, "/slips", {**asked, "amount": amount}, "body.amount")
    wrong = await refused(app, "/slips", {**asked, "amount": 10_000_000}, "body.amount")
    assert "less than or equal to 9999999" in wrong["detail"]
    for amount in (*NO_AMOUNTS, 0, 10_000_000):
        row = {"insured_number": PERSON, "levy_year": 2021, "annual_amount": amount}
        await refused(app, "/assessments", {"assessments": [row]}, "annual_amount")
    assert await ward.service.queries.slips() == []


async def test_only_a_day_within_the_bounds_is_a_due_date(home: Home) -> None:
    ward = await DrivenWard.started(home)
    app = ward.http
    asked = {"insured_number": PERSON, "amount": 5}
    for day in NO_DAYS:
        await refused(app, "/slips", {**asked, "due_on": day}, "due_on")
    for day in ("0001-01-01", "2000-03-31", "2099-04-01", "9999-12-31"):
        problem = await refused(app, "/slips", {**asked, "due_on": day}, "due_on")
        assert "from 2000-04-01 to 2099-03-31" in problem["detail"]
    assert await ward.service.queries.slips() == []


async def test_a_refund_and_an_anomaly_take_whole_yen_only(home: Home) -> None:
    ward, agent = await DrivenWard.started(home), await DrivenAgent.started(home)
    app, settler = ward.http, agent.http
    slip: SlipView = (await ward.assess())[0]
    for amount in (*(a for a in NO_AMOUNTS if a not in (None, 2**31)), 0, 10_000_000_000):
        await refused(app, f"/overpayments/{slip.slip_number}/refund", {"amount": amount}, "amount")
        await refused(settler, "/anomalies", {"kind": "deposit_short", "yen": amount}, "yen")
    for day in ("0001-01-01", "9999-12-31", 5, True):
        await refused(settler, "/anomalies", {"kind": "deposit_short", "closed_on": day}, "closed_on")


async def test_when_it_was_paid_is_an_instant_with_a_zone_within_the_bounds(home: Home) -> None:
    app = (await DrivenProvider.started(home)).http
    asked = {"method": "counter", "slip_number": "0" * 21}
    for at in NO_INSTANTS:
        await refused(app, "/collections", {**asked, "amount": 5, "paid_at": at}, "paid_at")
    for amount in (a for a in NO_AMOUNTS if a is not None):
        await refused(app, "/collections", {**asked, "amount": amount}, "amount")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2099-04-01", "5", "1625454000", "today"])
async def test_a_question_about_a_day_out_of_bounds_is_refused(day: str) -> None:
    ward = await DrivenWard.started()
    slip = (await ward.assess())[0].slip_number
    async with httpx.AsyncClient(transport=httpx.ASGITransport(ward.http), base_url="http://ward") as client:
        for path in (f"/slips/{slip}/arrears", f"/slips/{slip}/deeming", "/payments/p/explanation"):
            answer = await client.get(path, params={"on": day})
            assert (answer.status_code, "query.on" in answer.json()["detail"]) == (422, True), answer.text


async def test_a_control_character_in_what_becomes_an_id_is_refused(home: Home) -> None:
    app = (await DrivenProvider.started(home)).http
    await refused(app, "/consents", {"app_user": "a\x1b[2J", "terms_version": "1"}, "app_user")
    await refused(app, "/consents", {"app_user": "a", "terms_version": "\x85"}, "terms_version")
    card = {"agent": "uc", "card_token": "a\x1b-token", "brand": "visa", "last4": "0002"}
    problem = await refused(app, "/payments/p/card", card, "card_token")
    assert "U+001B" in problem["detail"]
    assert "token" not in problem["detail"].replace("card_token", "")


async def test_what_a_database_cannot_hold_is_no_fault_of_the_service(home: Home) -> None:
    driven = await Driven.started(home)
    asked = EntryRequest(account="a", name="one", amount=2**63)
    answer = await driven.service.add(asked)
    assert isinstance(answer, Refusal)
    assert answer.code == "invalid_request"
    assert isinstance(await driven.service.add(EntryRequest(account="a", name="two")), EntryAnswer)


class _Nobody:
    async def replicas(self, principals: object = None) -> list[Any]:
        return []


async def test_the_clock_refuses_what_is_no_time_of_it_and_goes_on() -> None:
    ward = await DrivenWard.started()
    await ward.bus.create_topics([])
    authority = ClockAuthority(ward.bus, SeededIdentity(1), _Nobody())
    authority._clock.set(Clock.stepped(datetime.fromisoformat("2021-07-01T00:00:00+09:00")).reading)
    app = control(authority, ServiceSettings(), Open())
    for to in NO_INSTANTS:
        await refused(app, "/clock/advance", {"to": to}, "body.to")
    for patience in (True, "5", -1, 0):
        wrong = {"to": "2021-07-02T00:00:00Z", "patience_seconds": patience}
        await refused(app, "/clock/advance", wrong, "patience_seconds")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console") as client:
        back = await client.post("/clock/advance", json={"to": "2021-06-30T00:00:00+09:00"})
        assert (back.status_code, back.json()["code"]) == (409, "clock_cannot_move")
        assert "shows 2021-07-01T00:00:00+09:00 and cannot go back to 2021-06-30" in back.json()["detail"]
        assert (await client.get("/clock")).json()["now"] == "2021-07-01T00:00:00+09:00"
