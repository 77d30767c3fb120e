"""Problems as HTTP answers."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from contracts.http.problems import Problem
from contracts.vocabulary import Refusal
from services.chassis.web.problems import problem

RETRY_AFTER_SECONDS = 2
UNAUTHORIZED, UNAVAILABLE = 401, 503


def problem_response(body: Problem) -> Response:
    """Problem details; 503 with `Retry-After`, 401 with `WWW-Authenticate`."""
    response = Response(body.model_dump_json(), status_code=body.status, media_type="application/problem+json")
    if body.status == UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if body.status == UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def refuse(
    refusal: Refusal, scope: Scope, receive: Receive, send: Send, errors: tuple[dict[str, str], ...] = ()
) -> None:
    """Answer a request with a refusal, before any route sees it."""
    await problem_response(problem(refusal, errors=errors))(scope, receive, send)
