"""Commands over HTTP: a usual request is read directly, and any request is answered exactly as FastAPI alone does."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute, APIRouter
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import Refusal
from services.chassis.web.application import create_api
from services.chassis.web.routing import PROBLEMS, IdempotencyKey, PartyRouter


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    amount: int = Field(gt=0)
    on: date | None = None


class AskedAt(Asked):
    place: str


class Opened(BaseModel):
    place: str


class Answered(BaseModel):
    asked: dict[str, Any]
    key: str | None


Question = TypeVar("Question", bound=BaseModel)


@dataclass(frozen=True)
class Echo(Generic[Question]):
    """A use case that answers what it was asked."""

    name: str
    request: type[Question]
    answer: type[Answered] = Answered

    async def __call__(self, request: Question, key: str | None = None) -> Answered | Refusal:
        return Answered(asked=request.model_dump(mode="json"), key=key)


def ours() -> FastAPI:
    app, api = create_api("party"), PartyRouter()
    api.command("/entries", Echo("add", Asked), "Add one", status=201)
    api.command("/places/{place}/entries", Echo("add_at", AskedAt), "Add one there", status=201, body=Asked)
    api.command("/places/{place}/opening", Echo("open_place", Opened), "Open it")
    app.router.routes.extend(api.routes)
    return app


def fastapi_alone() -> FastAPI:
    app, api = create_api("party"), APIRouter(responses=PROBLEMS)

    @api.post("/entries", status_code=201, summary="Add one")
    async def add(body: Asked, key: IdempotencyKey = None) -> Answered:
        return Answered(asked=body.model_dump(mode="json"), key=key)

    @api.post("/places/{place}/entries", status_code=201, summary="Add one there")
    async def add_at(place: str, body: Asked, key: IdempotencyKey = None) -> Answered:
        return Answered(asked={**body.model_dump(mode="json"), "place": place}, key=key)

    @api.post("/places/{place}/opening", summary="Open it")
    async def open_place(place: str, key: IdempotencyKey = None) -> Answered:
        return Answered(asked={"place": place}, key=key)

    app.router.routes.extend(api.routes)
    return app


async def post(app: FastAPI, path: str, content: bytes, headers: dict[str, str]) -> tuple[int, Any, str | None]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://party") as client:
        answer = await client.post(path, content=content, headers=headers)
    return answer.status_code, answer.json(), answer.headers.get("content-type")


APPS = ours(), fastapi_alone()
USUAL = {"name": "一", "amount": 1, "on": "2021-04-12"}
PATHS = ("/entries", "/places/東/entries", "/places/7/entries", "/places/東/opening", "/places", "/nowhere")
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
    answers = [await post(app, path, content, headers) for app in APPS]
    assert repr(answers[0]) == repr(answers[1])


def test_routes_to_use_cases_are_described_as_fastapi_describes_them() -> None:
    assert ours().openapi() == fastapi_alone().openapi()


Handler = Callable[[Request], Awaitable[Response]]


@pytest.mark.parametrize(
    ("path", "has_body"), [("/entries", True), ("/places/東/entries", True), ("/places/東/opening", False)]
)
async def test_a_usual_request_is_read_directly(path: str, has_body: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_route_handler(_route: APIRoute) -> Handler:
        async def handle(_request: Request) -> Response:
            return Response("null", 418, media_type="application/json")

        return handle

    monkeypatch.setattr(APIRoute, "get_route_handler", get_route_handler)
    app, usual = ours(), json.dumps(USUAL).encode()
    status, _, _ = await post(app, path, usual, {"content-type": "application/json"})
    assert status < 300
    longer, _, _ = await post(app, path, usual, {"content-type": "application/json", "Idempotency-Key": "k" * 201})
    incomplete, _, _ = await post(app, path, b"{}", {"content-type": "application/json"})
    assert (longer, incomplete == 418) == (418, has_body)
