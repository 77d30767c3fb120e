"""Routes of a party: FastAPI's, of which a usual request is read straight into its model.

FastAPI reads any request there may be, which takes longer than what a command then does. A route that is asked as
commands are (a model as JSON, an idempotency key, texts of the path; a model as the answer) reads those itself, by
the same models, and leaves whatever is unusual about a request to FastAPI: errors are worded there alone.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Self, get_type_hints

from fastapi import APIRouter, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from contracts.http.problems import Problem

LONGEST_KEY = 200
JSON = "application/json"
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        description="Same key, same payload: the same answer, whenever asked. Same key, other payload: 409.",
    ),
]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {404: "unknown", 409: "conflicts with what is so", 422: "cannot be accepted"}.items()
}
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def create_router() -> APIRouter:
    """For the routes of a party."""
    return APIRouter(route_class=CommandRoute, responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class _Form:
    """How an endpoint is asked: the names of its parameters."""

    body: str
    model: type[BaseModel]
    key: str | None
    in_path: tuple[str, ...]

    @classmethod
    def of(cls, endpoint: Callable[..., Any], path: str) -> Self | None:
        """None where it is asked in any other way."""
        hints = get_type_hints(endpoint, include_extras=True)
        if not _is_model(hints.pop("return", None)):
            return None
        bodies = [name for name, kind in hints.items() if _is_model(kind)]
        keys = [name for name, kind in hints.items() if kind == IdempotencyKey]
        in_path = [name for name, kind in hints.items() if kind is str and f"{{{name}}}" in path]
        if len(bodies) != 1 or len(keys) > 1 or len(hints) != len(bodies) + len(keys) + len(in_path):
            return None
        return cls(bodies[0], hints[bodies[0]], keys[0] if keys else None, tuple(in_path))

    async def read(self, request: Request) -> dict[str, Any] | None:
        """The endpoint's arguments; None where anything about the request is unusual."""
        headers = request.headers
        key = headers.get("idempotency-key")
        if headers.get("content-type") != JSON or (key is not None and not 1 <= len(key) <= LONGEST_KEY):
            return None
        try:
            body = self.model.model_validate_json(await request.body())
        except ValidationError:
            return None
        arguments: dict[str, Any] = {name: request.path_params[name] for name in self.in_path}
        arguments[self.body] = body
        if self.key is not None:
            arguments[self.key] = key
        return arguments


class CommandRoute(APIRoute):
    """A route that reads usual requests itself, where its endpoint is asked as commands are."""

    def get_route_handler(self) -> _Handler:
        by_fastapi, form = super().get_route_handler(), _Form.of(self.endpoint, self.path)
        if form is None:
            return by_fastapi
        endpoint, status = self.endpoint, self.status_code or 200

        async def handle(request: Request) -> Response:
            arguments = await form.read(request)
            if arguments is None:
                return await by_fastapi(request)
            answer: BaseModel = await endpoint(**arguments)
            return Response(answer.model_dump_json(by_alias=True), status, media_type=JSON)

        return handle


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
