"""The HTTP application of a service: its party's routes; problems, correlation ids, health, metrics, dead letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi_offline import FastAPIOffline
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.books import to_lines
from contracts.http.problems import Problem
from contracts.http.service import DeadLetterView, Environment, Readiness, ReplayRequest, ServiceStatus
from contracts.roles import Role
from contracts.vocabulary import Refusal
from services.chassis.outages import Unusable, is_outage, said
from services.chassis.service import Service
from services.chassis.waits import NotAnswering
from services.chassis.web.admission import GuardedRouter, set_callers
from services.chassis.web.answers import UNAVAILABLE, problem_response
from services.chassis.web.document import described
from services.chassis.web.duty_routes import reading_duties
from services.chassis.web.entrance import ENTRANCE, Entrance
from services.chassis.web.known_callers import known_callers
from services.chassis.web.persons import EVERYBODY
from services.chassis.web.problems import ProblemError, accepted, problem
from services.chassis.web.routing import PROBLEMS, IdempotencyKey, PartyRouter, of_caller
from services.chassis.web.session_routes import session_routes
from services.chassis.web.streams import Streams

log = structlog.get_logger(__name__)

CLIENT_LEFT = 499
"""No answer is sent; metrics count it."""
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")


def create_api(title: str, entrance: Entrance = ENTRANCE) -> FastAPI:
    """An application that answers with problems. Its /docs needs no internet: these networks have none."""
    app = FastAPIOffline(title=title, version="1", redoc_url=None)
    app.add_exception_handler(ProblemError, answer_problem)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(StarletteHTTPException, _answer_http_error)
    app.add_exception_handler(ClientDisconnect, _answer_nobody)
    entrance.stand_before(app)
    return described(app)


def create_http(service: Service, router: APIRouter) -> FastAPI:
    """The service's HTTP application: its own routes and those that every service has.

    Raises `UnusableUsers` for a users file that is missing or damaged.
    """
    bodies = router.bodies if isinstance(router, PartyRouter) else {}
    app = create_api(service.title, Entrance.of(service.settings, service.principal, bodies))
    app.state.service = service
    callers = known_callers(service.settings)
    set_callers(app, callers, service.record_access)
    app.add_exception_handler(Exception, _answer_fault)
    app.add_middleware(_Observed, service=service)
    for routes in (router, _operations(service), session_routes(service, callers)):
        app.router.routes.extend(routes.routes)
    return app


class _Observed:
    """Gives each request a correlation id, counts and times it, and answers exceptions that nothing else has caught."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics = self._service.metrics
        began, status = metrics.began(), 0
        correlation_id = self._correlation_id(Headers(scope=scope), began)
        scope.setdefault("state", {})["correlation_id"] = correlation_id

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-correlation-id", correlation_id.encode())]
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            try:
                await self._app(scope, receive, sending)
            except Exception as failure:
                if status:  # part of the answer has been sent
                    raise
                await (await _answer_fault(Request(scope), failure))(scope, receive, sending)
            route = getattr(scope.get("route"), "path", "unknown")
            status = status or CLIENT_LEFT
            metrics.request_answered(began, scope["method"], route, status)
            log.debug("answered", method=scope["method"], route=route, status=status)

    def _correlation_id(self, headers: Headers, began: float) -> str:
        sent = _TRACEPARENT.match(headers.get("traceparent", ""))
        return sent.group(1) if sent else self._service.identity.new("request", str(began)).replace("-", "")


async def answer_problem(_request: Request, raised: Exception) -> Response:
    """A named refusal as problem details."""
    assert isinstance(raised, ProblemError)
    return problem_response(raised.problem)


async def answer_invalid(_request: Request, raised: Exception) -> Response:
    """Names the field and the error, never the value, which may be a card number."""
    assert isinstance(raised, RequestValidationError)
    errors = tuple({"field": _place(e), "wrong": str(e["msg"])} for e in raised.errors())
    named = "; ".join(f"{e['field']}: {e['wrong']}" for e in errors)
    refusal = Refusal("invalid_request", named, "see /docs for the fields and their forms")
    return problem_response(problem(refusal, 422, errors))


def _place(error: dict[str, Any]) -> str:
    """Path of the field. The name of an unknown field is left out: it is the sender's text."""
    parts = error["loc"][:-1] if error["type"] == "extra_forbidden" else error["loc"]
    return ".".join(str(part) for part in parts)


async def _answer_nobody(_request: Request, _raised: Exception) -> Response:
    log.debug("the client left before the end of its body")
    return Response(status_code=CLIENT_LEFT)


async def _answer_http_error(_request: Request, raised: Exception) -> Response:
    assert isinstance(raised, StarletteHTTPException)
    code = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed", 503: "unavailable"}.get(
        raised.status_code, "http_error"
    )
    answer = problem_response(
        problem(Refusal(code, str(raised.detail), "see /docs for what there is"), raised.status_code)
    )
    answer.headers.update(raised.headers or {})  # the methods that are allowed
    return answer


async def _answer_fault(request: Request, raised: Exception) -> Response:
    correlation_id = getattr(request.state, "correlation_id", "")
    if isinstance(raised, NotAnswering):
        return _unavailable(Refusal("unavailable", str(raised), "end what waits, then ask again; nothing is lost"))
    if isinstance(raised, Unusable):
        _end_the_process(request.app.state.service, raised)
        return _unavailable(
            Refusal("unavailable", str(raised), "mend it and start the service, then send the same again")
        )
    if is_outage(raised):
        log.warning("request not served", error=said(raised), correlation_id=correlation_id)
        wrong = f"the service cannot reach its database or bus now; correlation id {correlation_id}"
        return _unavailable(Refusal("unavailable", wrong, "send the same again later, with the same Idempotency-Key"))
    log.error("request failed", error=repr(raised), exc_info=raised, correlation_id=correlation_id)
    refusal = Refusal("internal", f"the service failed; correlation id {correlation_id}", "try again; the log says why")
    return problem_response(problem(refusal, 500))


def _unavailable(refusal: Refusal) -> Response:
    return problem_response(problem(refusal, UNAVAILABLE))


def _end_the_process(service: Service, damage: Unusable) -> None:
    if service.damage is not None and not service.damage.done():
        service.damage.set_result(damage)


async def _book_lines(service: Service) -> Iterator[bytes]:
    return to_lines(await service.books())


def _operations(service: Service) -> APIRouter:
    router, streams = GuardedRouter(tags=["operations"]), Streams()
    monitors = router.open_to(Role.OPERATOR, Role.ADMINISTRATOR, Role.PEER)
    administrators = router.open_to(Role.ADMINISTRATOR).showing(*EVERYBODY)
    auditors = router.open_to(Role.AUDITOR).showing(*EVERYBODY)

    @router.get("/health/live", summary="The process runs")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/health/ready", summary="The service can do its work", responses={503: {"model": Problem}})
    async def ready() -> Readiness:
        if obstacles := await service.obstacles():
            raise StarletteHTTPException(503, "; ".join(obstacles))
        return Readiness(waiting=service.waiting)

    @monitors.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        await service.refresh_gauges()
        return Response(service.metrics.exposition(), media_type="text/plain; version=0.0.4")

    @monitors.get("/ops/status", summary="How far it lags behind, and when its next timer is due")
    async def status() -> ServiceStatus:
        return await service.status()

    @monitors.get(
        "/ops/environment",
        summary="Python, machine, database, bus, how durable they are, how it is connected and confined",
    )
    async def environment() -> Environment:
        return await service.environment()

    @auditors.get("/ops/books", summary="帳簿 this party's books, for an audit", response_class=StreamingResponse)
    async def books() -> Response:
        """A JSON object per row, read in one transaction. For operators: it is everything that the party has booked."""
        return await streams.of(partial(_book_lines, service))

    reading_duties(router, service)

    @administrators.get("/ops/dead-letters", summary="Dead letters: events set aside")
    async def dead_letters() -> list[DeadLetterView]:
        return list(await service.dead_letters())

    @administrators.post(
        "/ops/dead-letters/{letter_id:path}/replay", summary="Handle a dead letter again", responses=PROBLEMS
    )
    async def replay(letter_id: str, body: ReplayRequest, key: IdempotencyKey = None) -> DeadLetterView:
        return accepted(await service.replay(letter_id, body.value, of_caller(key), body.headers))

    return router
