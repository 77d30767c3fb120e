"""Admits the callers of a service's HTTP: finds the caller, and whether one of its roles opens the route.

A route without roles is public. The others need `Authorization: Bearer TOKEN`, a user's key or a session's token.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, Self
from urllib.parse import unquote

import msgspec
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.roles import Role
from contracts.vocabulary import Refusal
from services.chassis.access.caller import ANYBODY, Caller, Callers
from services.chassis.web.answers import refuse
from services.chassis.web.persons import KINDS, persons, shows_persons
from services.chassis.web.problems import ProblemError

SCHEME: Final = "bearer"
CALLER: Final[ContextVar[Caller]] = ContextVar("caller", default=ANYBODY)
"""Who sent the request that is under way."""
PUBLIC: Final = frozenset[Role]()
DOCUMENTATION: Final = ("/docs", "/openapi.json", "/static-offline-docs/")
LONGEST_TOKEN: Final = 8_192
PURPOSE_HEADER: Final = "Access-Purpose"
LONGEST_PURPOSE: Final = 200

NOT_KNOWN: Final = Refusal(
    "not_admitted",
    "the request names no user of this service, or its session has ended",
    "send Authorization: Bearer with a user's key, or with the session of POST /sessions",
)
NO_PURPOSE: Final = Refusal(
    "purpose_missing",
    "this shows personal data, and the request names no purpose (利用目的)",
    "send it in the header Access-Purpose (percent-encoded UTF-8); a session of POST /sessions has one",
)
log = structlog.get_logger(__name__)


RecordAccess = Callable[[Caller, str, Sequence[str]], Awaitable[None]]
"""Records a read: the caller, the route, the persons."""


def set_callers(app: FastAPI, callers: Callers, record: RecordAccess | None = None) -> None:
    """Let the routes of `app` admit these callers, and record what they read; without `record` none shows persons."""
    app.state.callers, app.state.record_access = callers, record


class Admission:
    """Finds the caller of a request. One that is not known is refused before its body is read, except by public routes.

    Does nothing for an application without callers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._public: frozenset[str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        callers: Callers | None = getattr(scope["app"].state, "callers", None) if scope["type"] == "http" else None
        if callers is None:
            await self._app(scope, receive, send)
            return
        caller = await callers.known_by(_token(Headers(scope=scope)))
        if caller is None and not self._is_public(scope):
            log.info("not admitted", method=scope["method"], path=scope["path"])
            await refuse(NOT_KNOWN, scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    def _is_public(self, scope: Scope) -> bool:
        if self._public is None:
            routes = (route for route in scope["app"].routes if isinstance(route, GuardedRoute))
            self._public = frozenset(route.path for route in routes if not route.roles)
        return scope["path"] in self._public or scope["path"].startswith(DOCUMENTATION)


def _token(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == SCHEME and len(token) <= LONGEST_TOKEN else ""


def admitted_to(request: Request, roles: frozenset[Role]) -> Caller:
    """The caller of a request. Raises `ProblemError` if it is not known (401), or has none of the roles (403)."""
    caller: Caller | None = request.state.caller
    if caller is None:
        raise ProblemError(NOT_KNOWN)
    if not caller.may(roles):
        raise ProblemError(_other_role(caller, roles))
    return caller if caller.purpose else replace(caller, purpose=_purpose(request))


def _purpose(request: Request) -> str:
    """The purpose of a caller that has none of its own, percent-encoded UTF-8 in a header."""
    return unquote(request.headers.get(PURPOSE_HEADER, "")[: 9 * LONGEST_PURPOSE], errors="replace")[:LONGEST_PURPOSE]


def _other_role(caller: Caller, roles: frozenset[Role]) -> Refusal:
    own = ", ".join(sorted(caller.roles)) or "none"
    return Refusal(
        "role_missing",
        f"{caller.user} has not the role that this needs (its roles: {own})",
        f"ask as a user with one of these roles: {', '.join(sorted(roles))}",
    )


class GuardedRoute(APIRoute):
    """Opens to the callers in its roles, and records what a GET shows of persons."""

    roles: frozenset[Role] = PUBLIC
    whose: Sequence[str] = ()
    """The persons that it always shows, if its answer cannot be read for them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = self.unguarded_handler()

        async def admitted(request: Request) -> Response:
            if not self.roles:
                return await handle(request)
            caller = admitted_to(request, self.roles)
            CALLER.set(caller)
            if request.method != "GET" or not self.shows_persons:
                return await handle(request)
            if not caller.purpose:
                raise ProblemError(NO_PURPOSE)
            response = await handle(request)
            record: RecordAccess = request.app.state.record_access
            await record(caller, f"GET {self.path}", self._shown(request, response))
            return response

        return admitted

    @cached_property
    def shows_persons(self) -> bool:
        """Whether its answers, or the request for one, identify persons."""
        if self.whose or any(field in self.path for field in KINDS):
            return True
        if self.response_model is None:
            return any(parameter.name in KINDS for parameter in self.dependant.query_params)
        schema = TypeAdapter(self.response_model).json_schema()
        return shows_persons(schema, schema.get("$defs", {}))

    def _shown(self, request: Request, response: Response) -> Sequence[str]:
        if self.whose:
            return self.whose
        asked = [{name: value} for name, value in (*request.path_params.items(), *request.query_params.multi_items())]
        is_json = response.media_type == "application/json"
        return sorted({*persons(asked), *persons(msgspec.json.decode(response.body) if is_json else None)})

    def unguarded_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        return super().get_route_handler()


class GuardedRouter(APIRouter):
    """Routes that are public, and by `open_to` those for callers in some roles."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=GuardedRoute, **options)
        self.roles, self.whose = PUBLIC, tuple[str, ...]()

    def showing(self, *whose: str) -> Self:
        """This router, whose routes added from here on always show these persons."""
        opened = copy(self)
        opened.whose = whose
        return opened

    def open_to(self, *roles: Role) -> Self:
        """This router, whose routes added from here on are open to callers in one of these roles."""
        opened = copy(self)  # the list of routes is the same
        opened.roles = frozenset(roles)
        return opened

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().add_api_route(path, endpoint, **options)
        guard(self.routes[-1], self.roles, self.whose)


def guard(route: Any, roles: frozenset[Role], whose: Sequence[str] = ()) -> None:
    """Open a route to these roles alone, and say so in the OpenAPI document."""
    assert isinstance(route, GuardedRoute), route
    route.roles, route.whose = roles, whose
    if roles:
        security = [{SCHEME: [role.value]} for role in sorted(roles)]
        route.openapi_extra = {**(route.openapi_extra or {}), "security": security}


def security_schemes() -> Mapping[str, Any]:
    """Of the OpenAPI document. A route lists its roles as security requirements: any one of them opens it."""
    about = "A user's key, or the session of `POST /sessions`. Roles: " + ", ".join(Role)
    return {SCHEME: {"type": "http", "scheme": SCHEME, "description": about}}
