"""The console's own HTTP: the clock of the stack, its replicas, and the processes it started."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import FastAPI

from contracts import topics
from contracts.http.console import AdvanceRequest, ClockView, ProcessView, ReplicaView
from contracts.roles import Role
from contracts.vocabulary import JST, Refusal
from services.chassis.access.caller import Callers
from services.chassis.settings import ServiceSettings
from services.chassis.web.admission import GuardedRouter, set_callers
from services.chassis.web.application import create_api
from services.chassis.web.entrance import Entrance
from services.chassis.web.problems import ProblemError
from services.chassis.web.routing import PROBLEMS
from services.console.stack.clock_authority import ClockAuthority, ClockBlocked, ClockCannotMove


def control(authority: ClockAuthority, settings: ServiceSettings, callers: Callers) -> FastAPI:
    """The console's routes."""
    app = create_api("sansha console", Entrance.of(settings, topics.CONSOLE))
    set_callers(app, callers)
    app.router.routes.extend(_routes(authority).routes)
    return app


def _routes(authority: ClockAuthority) -> GuardedRouter:
    api = GuardedRouter()
    everybody, operators = api.open_to(*Role), api.open_to(Role.OPERATOR)
    monitors = api.open_to(Role.OPERATOR, Role.ADMINISTRATOR, Role.PEER)

    @api.get("/health/ready", summary="The clock is set, and may be asked for")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @everybody.get("/clock", summary="What time is it?")
    async def clock() -> ClockView:
        return ClockView(now=authority.now().astimezone(JST), rate=authority.rate)

    @operators.post("/clock/advance", summary="Move a stepped clock", responses=PROBLEMS)
    async def advance(body: AdvanceRequest) -> ClockView:
        try:
            now = await authority.advance(body.to, body.patience_seconds)
        except ClockBlocked as blocked:
            remedy = "see the party's log, mend what holds it, and ask again; nothing is lost"
            raise ProblemError(Refusal("clock_blocked", str(blocked), remedy)) from None
        except ClockCannotMove as wrong:
            raise ProblemError(Refusal("clock_cannot_move", str(wrong), "see GET /clock")) from None
        return ClockView(now=now.astimezone(JST), rate=0.0)

    @monitors.get("/replicas", summary="Every replica of every party, and its status")
    async def replicas() -> Sequence[ReplicaView]:
        found = await authority.replicas()
        return [
            ReplicaView(principal=r.principal, address=r.address, status=r.status, problem=r.problem) for r in found
        ]

    return api


def with_processes(app: FastAPI, processes: Callable[[], Sequence[ProcessView]]) -> FastAPI:
    """The console's routes, with the processes that it has started."""
    monitors = GuardedRouter().open_to(Role.OPERATOR, Role.ADMINISTRATOR, Role.PEER)

    @monitors.get("/processes", summary="The parties' processes")
    async def view() -> Sequence[ProcessView]:
        return processes()

    app.router.routes.extend(monitors.routes)
    return app
