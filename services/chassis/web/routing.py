"""Routes of a party: FastAPI's, of which those to a use case read a usual request straight into its model.

FastAPI reads any request there may be, which takes longer than what a command then does. A route to a use case (a model
as JSON, texts in the path, an idempotency key; a model as the answer) reads a usual request itself, by the same models,
and leaves an unusual one to FastAPI: errors are worded there alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from inspect import Parameter, Signature
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import quote

from fastapi import Header, Request, Response
from pydantic import BaseModel, ValidationError

from contracts.http.problems import Problem
from services.chassis.access.caller import ANYBODY
from services.chassis.commands import UseCase
from services.chassis.web.admission import CALLER, GuardedRoute, GuardedRouter, guard
from services.chassis.web.bodies import BodyRule
from services.chassis.web.problems import accepted

Asked = TypeVar("Asked", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)

LONGEST_KEY = 200
JSON = "application/json"
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=LONGEST_KEY,
        pattern=r"^[\x20-\x7e]*$",
        description="Same key, same payload: the same answer, whenever asked. Same key, other payload: 409.",
    ),
]
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {404: "unknown", 409: "conflicts with what is so", 422: "cannot be accepted"}.items()
}


def of_caller(key: str | None) -> str | None:
    """An idempotency key as it is stored: it belongs to its caller, and another may use the same."""
    caller = CALLER.get()
    return key if key is None or caller is ANYBODY else f"{quote(caller.user, safe='')}/{key}"


class PartyRouter(GuardedRouter):
    """The routes of a party. Those that FastAPI alone reads are added as to any router."""

    def __init__(self) -> None:
        super().__init__(responses=PROBLEMS)
        self.bodies: dict[str, BodyRule] = {}
        """Path → the rule of its body, where it is not the usual one."""

    def command(
        self,
        path: str,
        use_case: UseCase[Asked, Answer],
        summary: str,
        *,
        status: int = 200,
        body: type[BaseModel] | None = None,
        name: str = "",
    ) -> None:
        """Serve a use case with POST.

        Its request is the body. If the path has parameters, it is made of those and, if `body` is given, of that.
        `name` is part of the operation's id in the OpenAPI document; the use case's own by default.
        """
        in_path = tuple(re.findall(r"{(\w+)}", path))
        form = _Form(use_case, body if in_path else use_case.request, in_path)
        route = _UseCaseRoute(path, form, status_code=status, summary=summary, name=name or use_case.name)
        guard(route, self.roles)
        self.routes.append(route)


@dataclass(frozen=True, slots=True)
class _Form(Generic[Asked, Answer]):
    """The HTTP form of a use case."""

    use_case: UseCase[Asked, Answer]
    body: type[BaseModel] | None
    in_path: tuple[str, ...]

    def endpoint(self) -> Callable[..., Coroutine[Any, Any, Answer]]:
        """The function given to FastAPI, which reads the parameters from its signature."""

        async def ask(key: str | None, body: BaseModel | None = None, **in_path: str) -> Answer:
            return await self.answer(self.request(body, in_path), key)

        ask.__signature__ = Signature([*self._parameters()])  # type: ignore[attr-defined]
        return ask

    def _parameters(self) -> Iterator[Parameter]:
        for name in self.in_path:
            yield Parameter(name, Parameter.KEYWORD_ONLY, annotation=str)
        if self.body is not None:
            yield Parameter("body", Parameter.KEYWORD_ONLY, annotation=self.body)
        yield Parameter("key", Parameter.KEYWORD_ONLY, annotation=IdempotencyKey, default=None)

    def request(self, body: BaseModel | None, in_path: Mapping[str, str]) -> Asked:
        if isinstance(body, self.use_case.request):
            return body
        return self.use_case.request(**in_path, **({} if body is None else body.model_dump()))

    async def answer(self, request: Asked, key: str | None) -> Answer:
        """Raises `ProblemError` for a refusal."""
        return accepted(await self.use_case(request, of_caller(key)))

    async def read(self, request: Request) -> Asked | None:
        """None if anything about the request is unusual."""
        if self.body is None:
            return self.request(None, request.path_params)
        if request.headers.get("content-type") != JSON:
            return None
        try:
            body = self.body.model_validate_json(await request.body())
        except ValidationError:
            return None
        return self.request(body, request.path_params)


def _is_usual(key: str) -> bool:
    return 1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()


class _UseCaseRoute(GuardedRoute):
    """Reads usual requests itself."""

    def __init__(self, path: str, form: _Form[Any, Any], **more: Any) -> None:
        self._form = form
        super().__init__(
            path, form.endpoint(), methods=["POST"], response_model=form.use_case.answer, responses=PROBLEMS, **more
        )

    def unguarded_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        by_fastapi, form, status = super().unguarded_handler(), self._form, self.status_code or 200

        async def handle(request: Request) -> Response:
            key = request.headers.get("idempotency-key")
            asked = await form.read(request) if key is None or _is_usual(key) else None
            if asked is None:
                return await by_fastapi(request)
            answer: BaseModel = await form.answer(asked, key)
            return Response(answer.model_dump_json(by_alias=True), status, media_type=JSON)

        return handle
