"""A service as a process of its own: HTTP, consumer, relay and clock in one task group, stopped gracefully.

On SIGTERM or SIGINT, or when the supervisor's pipe closes, HTTP stops taking requests, the batch in flight is
finished, what is due is sent, and the process exits 0. Nothing depends on that: after SIGKILL the next start goes on.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import structlog
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from contracts import topics
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import BusError, EventBus
from services.chassis.clock import Clock, pause
from services.chassis.clock_topic import ClockFollower
from services.chassis.collector import keep_what_is_loaded
from services.chassis.service import Service, topic_specs
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry import configure_logging

Settings = TypeVar("Settings", bound=ServiceSettings)
ServiceFactory = Callable[[Settings, EventBus, Clock], Service]

log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Uvicorn that leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def run(principal: str, read: type[Settings], create: ServiceFactory[Settings]) -> None:
    """Run a service until it is told to stop. Settings that cannot be used end in one line and exit status 2."""
    try:
        settings = read.from_environment(principal)
        configure_logging(settings.log_level, principal)
    except ValueError as wrong:
        sys.stderr.write(f"sansha: {principal}: {wrong}\n")
        raise SystemExit(2) from None
    asyncio.run(_main(settings, create))


async def _main(settings: Settings, create: ServiceFactory[Settings]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if settings.parent_pipe is not None:
        loop.add_reader(settings.parent_pipe, stopping.set)
    bus = await open_bus(settings)
    clock = Clock.real()
    follower = ClockFollower(bus, clock) if settings.clock == "announced" else None
    try:
        if follower is not None:
            await bus.create_topics(topic_specs())
            while not await follower.catch_up() and not stopping.is_set():
                await bus.wait([topics.CLOCK.name], timeout=0.5)
        service = create(settings, bus, clock)
        await service.start()
        keep_what_is_loaded()
        await _serve(service, follower, stopping)
    finally:
        if settings.parent_pipe is not None:
            os.close(settings.parent_pipe)
        await bus.close()


async def _serve(service: Service, follower: ClockFollower | None, stopping: asyncio.Event) -> None:
    http_stopped = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_serve_http(service, stopping, http_stopped))
        tasks.create_task(_consume(service, stopping))
        tasks.create_task(_send(service, http_stopped))
        if follower is not None:
            tasks.create_task(follower.run(stopping))
        log.info("serving", host=service.settings.host, port=service.settings.port)
    await service.close()
    log.info("stopped")


async def _serve_http(service: Service, stopping: asyncio.Event, stopped: asyncio.Event) -> None:
    try:
        await serve_http(service.http, service.settings.host, service.settings.port, stopping)
    finally:
        stopped.set()


async def serve_http(app: FastAPI, host: str, port: int, stopping: asyncio.Event) -> None:
    """Serve until `stopping`; requests under way are answered first."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="off",
        http="httptools",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve())
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait((serving, told), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    told.cancel()
    await serving


async def _send(service: Service, stopping: asyncio.Event) -> None:
    """The relay: one process per database sends; another waits for its turn."""
    while not stopping.is_set():
        async with service.database.sole_holder("relay") as held:
            service.relay.sends = held
            service.relay.look_again()
            while held and not stopping.is_set():
                await _send_or_wait(service)
        if not held:
            await pause(1.0)


async def _send_or_wait(service: Service) -> None:
    try:
        if await service.relay.send_due():
            return
        await service.relay.forget_sent()
        await service.relay.wait(longest=1.0)
    except (BusError, DBAPIError) as failure:
        log.warning("cannot send; the outbox keeps it", error=repr(failure))
        await pause(1.0)


async def _consume(service: Service, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await service.consumer.handle_next(timeout=0.5)
        except BusError as failure:
            log.warning("cannot fetch; trying again", error=repr(failure))
            await pause(1.0)
