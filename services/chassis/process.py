"""A service as a process: HTTP, consumer, relay and clock in one task group, stopped gracefully.

On SIGTERM or SIGINT, or when the supervisor's pipe closes, HTTP stops taking requests, the batch in flight is
finished, due messages are sent, and the process exits 0. Correctness does not depend on it: after SIGKILL the next
start continues from the state on disk.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import structlog
from fastapi import APIRouter

from contracts import topics
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.clock_topic import ClockFollower
from services.chassis.collector import keep_what_is_loaded
from services.chassis.messaging.outbox import SENDER
from services.chassis.migrations import NewerDatabase
from services.chassis.outages import Patience, is_outage
from services.chassis.service import Service, topic_specs
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry import configure_logging
from services.chassis.web.application import create_http
from services.chassis.web.listeners import Listener

T = TypeVar("T")
Settings = TypeVar("Settings", bound=ServiceSettings)
Party = TypeVar("Party", bound=Service)

SECONDS_TO_FINISH = 8.0
"""How long work in flight may take after a request to stop; an event not handled by then is redelivered."""

log = structlog.get_logger(__name__)


def run(
    principal: str,
    read: type[Settings],
    create: Callable[[Settings, EventBus, Clock], Party],
    router: Callable[[Party], APIRouter],
    further: Callable[[Party], Sequence[Listener]] = lambda _: (),
) -> None:
    """Run a service until a request to stop. It serves the routes of `router`, and `further` listeners.

    Settings that cannot be used, and a database of a newer version, end it with one line and exit status 2.
    """
    try:
        settings = read.from_environment(principal)
        configure_logging(settings.log_level, principal)
    except ValueError as wrong:
        raise _unusable(principal, wrong) from None

    def served(service: Party) -> Sequence[Listener]:
        return (http_listener(service, router(service)), *further(service))

    try:
        asyncio.run(_main(principal, settings, create, served))
    except NewerDatabase as wrong:
        raise _unusable(principal, wrong) from None


def http_listener(service: Service, router: APIRouter) -> Listener:
    """The service's own HTTP, on the address of its settings."""
    return Listener(create_http(service, router), service.settings.host, service.settings.port)


def _unusable(principal: str, wrong: Exception) -> SystemExit:
    sys.stderr.write(f"sansha: {principal}: {wrong}\n")
    return SystemExit(2)


async def _main(
    principal: str,
    settings: Settings,
    create: Callable[[Settings, EventBus, Clock], Party],
    served: Callable[[Party], Sequence[Listener]],
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if settings.parent_pipe is not None:
        loop.add_reader(settings.parent_pipe, stopping.set)
    clock = Clock.real()
    try:
        bus = await _finished(_possible("opening the bus", partial(_open_bus, settings, principal)), stopping)
        if bus is None:
            return
        follower = ClockFollower(bus, clock) if settings.clock == "announced" else None
        service = create(settings, bus, clock)
        if await _finished(_possible("starting", partial(_start, service, follower)), stopping):
            keep_what_is_loaded()
            await _serve(service, served(service), follower, stopping)
        await service.close()
        await bus.close()
        log.info("stopped")
    finally:
        if settings.parent_pipe is not None:
            os.close(settings.parent_pipe)


async def _open_bus(settings: ServiceSettings, principal: str) -> EventBus:
    kafka = settings.kafka_options(principal)
    return await open_bus(settings.bus_url, durable=settings.database_durable, kafka=kafka)


async def _start(service: Service, follower: ClockFollower | None) -> bool:
    """True once the service can serve; a clock that is announced has been read by then."""
    if follower is not None:
        await service.bus.create_topics(topic_specs(service.principal))
        while not await follower.catch_up():
            await service.bus.wait([topics.CLOCK.name], timeout=0.5)
    await service.start()
    return True


async def _serve(
    service: Service, listeners: Sequence[Listener], follower: ClockFollower | None, stopping: asyncio.Event
) -> None:
    """The relay stops after the listeners: what the last requests have published is still sent."""
    http_stopped = asyncio.Event()
    service.relay.set_leader(False)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_listen(listeners, stopping, http_stopped))
        tasks.create_task(_finished(_consume(service, stopping), stopping, SECONDS_TO_FINISH))
        tasks.create_task(_finished(_send(service, http_stopped), http_stopped, SECONDS_TO_FINISH))
        if follower is not None:
            tasks.create_task(follower.run(stopping))
        log.info("serving", host=service.settings.host, port=service.settings.port)


async def _listen(listeners: Sequence[Listener], stopping: asyncio.Event, stopped: asyncio.Event) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for listener in listeners:
                tasks.create_task(listener.serve(stopping))
        await stopping.wait()  # also with no listener at all
    finally:
        stopped.set()


async def _send(service: Service, stopping: asyncio.Event) -> None:
    """The relay: one process per database holds the lease and sends; the others wait for it."""
    relay, patience = service.relay, Patience("sending what the outbox holds")
    while not stopping.is_set():
        try:
            async with service.database.sole_holder(SENDER, relay.look_again) as lease:
                relay.set_leader(lease.held)
                while lease.held and not stopping.is_set():
                    if not await relay.send_due():
                        patience.over()
                        await relay.wait(longest=1.0)
            if not relay.sends:
                await _stopped_within(stopping, seconds=1.0)
        except Exception as failure:
            if not is_outage(failure):
                raise
            relay.set_leader(False)
            await patience.wait(failure)


async def _consume(service: Service, stopping: asyncio.Event) -> None:
    patience = Patience("fetching events")
    while not stopping.is_set():
        try:
            await service.consumer.handle_next(timeout=0.5)
        except Exception as failure:
            if not is_outage(failure):
                raise
            await patience.wait(failure)
        else:
            patience.over()


async def _possible(doing: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of `work`, retried until no outage prevents it."""
    patience = Patience(doing)
    while True:
        try:
            done = await work()
        except Exception as failure:
            if not is_outage(failure):
                raise
            await patience.wait(failure)
        else:
            patience.over()
            return done


async def _finished(work: Coroutine[Any, Any, T], stopping: asyncio.Event, within: float = 0.0) -> T | None:
    """The result of `work`; None if it was cancelled, unfinished `within` this many seconds after `stopping`."""
    task, stop = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait((task,), timeout=within)
        return task.result() if task.done() else None
    except asyncio.CancelledError as cancelled:
        if not task.cancelled():
            raise
        raise RuntimeError("work was cancelled from within") from cancelled  # a task group would swallow the first
    finally:
        stop.cancel()
        task.cancel()
        await asyncio.wait((task,))


async def _stopped_within(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
