"""Commands over HTTP: a usual request is read directly, and any request is answered exactly as FastAPI alone does."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute, APIRouter
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from services.chassis.web.application import create_api
from services.chassis.web.routing import CommandRoute, IdempotencyKey


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    amount: int = Field(gt=0)
    on: date | None = None


class Answered(BaseModel):
    name: str
    amount: int
    on: date | None
    place: str
    key: str | None


def app_of(route_class: type[APIRoute]) -> FastAPI:
    app, api = create_api("party"), APIRouter(route_class=route_class)

    @api.post("/places/{place}/entries", status_code=201)
    async def add(place: str, body: Asked, key: IdempotencyKey = None) -> Answered:
        return Answered(**body.model_dump(), place=place, key=key)

    @api.post("/unkeyed")
    async def unkeyed(body: Asked) -> Answered:
        return Answered(**body.model_dump(), place="", key=None)

    @api.post("/places/{number}/numbers")
    async def by_number(number: int, body: Asked, key: IdempotencyKey = None) -> Answered:
        return Answered(**body.model_dump(), place=str(number), key=key)

    app.router.routes.extend(api.routes)
    return app


async def post(app: FastAPI, path: str, content: bytes, headers: dict[str, str]) -> tuple[int, Any, str | None]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://party") as client:
        answer = await client.post(path, content=content, headers=headers)
    return answer.status_code, answer.json(), answer.headers.get("content-type")


USUAL = {"name": "一", "amount": 1, "on": "2021-04-12"}
PATHS = ("/places/東/entries", "/unkeyed", "/places/7/numbers", "/places/seven/numbers", "/nowhere")
bodies = st.one_of(
    st.sampled_from([b"", b"{", b"[]", b"null", b'{"amount": NaN}', b"\xff", json.dumps(USUAL).encode("utf-16")]),
    st.fixed_dictionaries(
        {
            "name": st.one_of(st.text(max_size=5), st.none(), st.integers()),
            "amount": st.one_of(st.integers(-1, 3), st.floats(), st.sampled_from(["1", "1.0", "x", True, 10**30])),
        },
        optional={"on": st.sampled_from([None, "2021-04-12", "2021-02-30", 0, 86400]), "more": st.just(1)},
    ).map(lambda body: json.dumps(body).encode()),
)
types = st.sampled_from(["application/json", "application/json; charset=utf-8", "application/x+json", "text/plain", ""])
keys = st.sampled_from([None, "", "k", "k" * 200, "k" * 201])


@settings(max_examples=300)
@given(st.sampled_from(PATHS), bodies, types, keys)
async def test_every_request_is_answered_as_fastapi_answers_it(
    path: str, content: bytes, content_type: str, key: str | None
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    headers |= {} if key is None else {"Idempotency-Key": key}
    ours, its = [await post(app_of(route), path, content, headers) for route in (CommandRoute, APIRoute)]
    assert repr(ours) == repr(its)


Handler = Callable[[Request], Awaitable[Response]]


@pytest.mark.parametrize(
    ("path", "directly"), [("/places/東/entries", True), ("/unkeyed", True), ("/places/7/numbers", False)]
)
async def test_what_is_asked_as_commands_are_is_read_directly(
    path: str, directly: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get_route_handler(_route: APIRoute) -> Handler:
        async def handle(_request: Request) -> Response:
            return Response("null", 418, media_type="application/json")

        return handle

    monkeypatch.setattr(APIRoute, "get_route_handler", get_route_handler)
    app = app_of(CommandRoute)
    usual = await post(app, path, json.dumps(USUAL).encode(), {"content-type": "application/json"})
    assert (usual[0] < 300) == directly
    unusual, _, _ = await post(app, path, b"{}", {"content-type": "application/json"})
    assert unusual == 418
