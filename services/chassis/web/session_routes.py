"""Routes of callers: log in to a session, what the service knows of the caller, the record of logins."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from contracts.access_log import Entry
from contracts.http.access import AccessView, CallerView, LoginView, SessionAnswer, SessionRequest
from contracts.http.problems import Problem
from contracts.roles import Role
from contracts.vocabulary import Refusal
from services.chassis.access.callers import KnownUsers
from services.chassis.access.lockout import Outcome
from services.chassis.access.pace import Pace
from services.chassis.logins import MALFORMED_USER, LoginAttempt
from services.chassis.machine_time import real_now
from services.chassis.service import Service
from services.chassis.web.admission import CALLER, GuardedRouter
from services.chassis.web.problems import ProblemError

LOGINS_A_MINUTE: Final = 120
"""Of all users of a process: each costs a password's hash and a row."""
MOST_NUMBER: Final = 2**62
NOT_LOGGED_IN: Final = Refusal(
    "login_refused",
    "user and password do not match, or the user is locked out after repeated failures",
    "try again with the right password; after a lock-out, once it has ended",
)
TOO_MANY: Final = Refusal("too_many_logins", "too many logins within a minute", "try again in a minute")
NO_PASSWORDS: Final = Refusal(
    "no_sessions_here",
    "this service has no users with passwords of its own",
    "send the token of the OpenID provider, Authorization: Bearer TOKEN, with each request",
)
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {status: {"model": Problem} for status in (401, 422, 429)}
_BODY: Final = {
    "required": True,
    "content": {"application/json": {"schema": SessionRequest.model_json_schema()}},
}


def session_routes(service: Service, callers: object) -> GuardedRouter:
    """The routes. Only the users of a file log in here; others bring a token."""
    api = GuardedRouter(tags=["access"])
    pace = Pace(LOGINS_A_MINUTE, seconds=60.0)

    @api.post(
        "/sessions",
        status_code=201,
        summary="ログイン log in with user, password and purpose",
        responses=_ANSWERS,
        openapi_extra={"requestBody": _BODY},
    )
    async def log_in(request: Request) -> SessionAnswer:
        if not isinstance(callers, KnownUsers):
            raise ProblemError(NO_PASSWORDS)
        if not pace.allows():
            raise ProblemError(TOO_MANY)
        try:
            asked = SessionRequest.model_validate_json(await request.body())
        except ValidationError as wrong:
            await service.record_login(_attempt(MALFORMED_USER, right=False, malformed=True))
            raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in wrong.errors()]) from None
        right = await callers.has_password(asked.user, asked.password.get_secret_value())
        known = callers.users.by_name(asked.user)
        recorded = await service.record_login(_attempt(asked.user, right=right))
        if isinstance(recorded, Refusal) or recorded.outcome is not Outcome.ADMITTED or known is None:
            raise ProblemError(NOT_LOGGED_IN)
        token, until = callers.opened(asked.user, asked.purpose)
        return SessionAnswer(session=token, user=asked.user, roles=known.roles, valid_until=until)

    _records(api, service)
    return api


def _records(api: GuardedRouter, service: Service) -> None:
    @api.open_to(*Role).get("/sessions/current", summary="The caller, as this service knows it")
    async def current() -> CallerView:
        caller = CALLER.get()
        return CallerView(user=caller.user, roles=tuple(sorted(caller.roles)), purpose=caller.purpose)

    @api.open_to(Role.ADMINISTRATOR, Role.AUDITOR, Role.PRIVACY_OFFICER).get(
        "/ops/logins", summary="ログイン記録 attempts to log in, the latest first"
    )
    async def logins(limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> list[LoginView]:
        async with service.reading() as session:
            return list(await service.logins.latest(session, limit))

    @(
        api.open_to(Role.AUDITOR, Role.PRIVACY_OFFICER)
        .showing("access log")
        .get("/ops/access-log", summary="アクセス記録 who saw whose personal data, when and why, in order")
    )
    async def access_log(
        after: Annotated[int, Query(ge=0, le=MOST_NUMBER, description="Number of the entry before the first.")] = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    ) -> list[AccessView]:
        async with service.reading() as session:
            return [_view(entry) for entry in await service.access_log.entries(session, after, limit)]


def _view(entry: Entry) -> AccessView:
    e = entry
    return AccessView(number=e.number, mark=e.mark, salt=e.salt, commitment=e.commitment, **e.access._asdict())


def _attempt(user: str, *, right: bool, malformed: bool = False) -> LoginAttempt:
    return LoginAttempt(user=user, at=real_now(), right=right, malformed=malformed)
