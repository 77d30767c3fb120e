"""What a process answers while it cannot start yet: it lives, and is not ready, because of what it waits for."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.vocabulary import Refusal
from services.chassis.waits import Waits
from services.chassis.web.answers import UNAVAILABLE, problem_response
from services.chassis.web.problems import problem

LIVE = "/health/live"


def waiting_room(waits: Waits) -> ASGIApp:
    """The application of a process that waits for its database or its bus to start."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == LIVE:
            await JSONResponse({"status": "alive"})(scope, receive, send)
            return
        because = "; ".join(map(str, waits.all())) or "it has not begun"
        wrong = Refusal("unavailable", f"the service is starting: {because}", "send the same again later")
        await problem_response(problem(wrong, UNAVAILABLE))(scope, receive, send)

    return answer
