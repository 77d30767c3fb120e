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
from services.chassis.migrations.same_database import keep_marking
from services.chassis.outages import Unusable, is_outage
from services.chassis.service import Service, topic_specs
from services.chassis.settings import ServiceSettings
from services.chassis.telemetry import configure_logging
from services.chassis.waits import Patience, Waits, possible
from services.chassis.web.application import create_http
from services.chassis.web.listeners import Listener
from services.chassis.web.peers import own_listener
from services.chassis.web.waiting_room import waiting_room

T = TypeVar("T")
Settings = TypeVar("Settings", bound=ServiceSettings)
Party = TypeVar("Party", bound=Service)

PRIVATE_UMASK = 0o077
"""Files hold personal data and secrets: they are their owner's alone, whatever the umask was."""
UNUSABLE_STATUS = 2
UNUSABLE_LINE = "sansha: "
"""Begins the line of a process that cannot run, by which its supervisor finds the line in its log."""
SECONDS_TO_START = 2.0
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

    What no retry mends (`Unusable`), such as settings or users that cannot be used, a damaged file or a database of a
    newer version, ends it with one line and exit status 2: whatever started it should not start it again.
    """
    os.umask(PRIVATE_UMASK)
    try:
        settings = read.from_environment(principal)
        configure_logging(settings.log_level, principal)
    except ValueError as wrong:
        raise _unusable(principal, wrong) from None

    def served(service: Party) -> Sequence[Listener]:
        return (http_listener(service, router(service)), *further(service))

    try:
        asyncio.run(_main(principal, settings, create, served))
    except Unusable as wrong:
        raise _unusable(principal, wrong) from None
    except BaseExceptionGroup as several:
        found = several.subgroup(Unusable)
        if found is None:
            raise
        raise _unusable(principal, _first(found)) from None


def http_listener(service: Service, router: APIRouter) -> Listener:
    """The service's own HTTP, on the address of its settings."""
    return own_listener(service.settings, service.principal, create_http(service, router))


def _first(group: BaseExceptionGroup[Unusable]) -> Unusable:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _unusable(principal: str, wrong: Exception) -> SystemExit:
    sys.stderr.write(f"{UNUSABLE_LINE}{principal}: {' '.join(str(wrong).split())}\n")
    return SystemExit(UNUSABLE_STATUS)


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
    clock, waits = Clock.real(), Waits()
    try:
        opening = possible("bus", "opening the bus", partial(_open_bus, settings, principal), waits)
        bus = await _meanwhile(settings, principal, waits, _finished(opening, stopping))
        if bus is None:
            return
        follower = ClockFollower(bus, clock) if settings.clock == "announced" else None
        service = create(settings, bus, clock)
        _require_a_lasting_database(service)
        starting = possible("database", "starting", partial(_start, service, follower), waits)
        if await _meanwhile(settings, principal, waits, _finished(starting, stopping)):
            keep_what_is_loaded()
            await _serve(service, served(service), follower, stopping)
        await service.close()
        await bus.close()
        log.info("stopped")
    finally:
        if settings.parent_pipe is not None:
            os.close(settings.parent_pipe)


async def _meanwhile(settings: ServiceSettings, principal: str, waits: Waits, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. If it takes long, HTTP says until then what it waits for."""
    working, done = asyncio.create_task(work), asyncio.Event()
    await asyncio.wait({working}, timeout=SECONDS_TO_START)
    if not working.done():
        answering = asyncio.create_task(own_listener(settings, principal, waiting_room(waits)).serve(done))
        await asyncio.wait({working})
        done.set()
        await answering
    return working.result()


def _require_a_lasting_database(service: Service) -> None:
    if service.database.is_in_memory and service.settings.bus_url != "memory:":
        raise Unusable(
            f"there is neither SANSHA_DATABASE_URL nor a file database_url in SANSHA_SECRETS_DIR, and "
            f"{service.settings.bus_url} outlives this process, which would handle its events in memory and lose them: "
            "restore the setting or the file"
        )


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
    service.damage = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_listen(listeners, stopping, http_stopped))
        tasks.create_task(_finished(keep_handling(service, stopping), stopping, SECONDS_TO_FINISH))
        tasks.create_task(_finished(keep_sending(service, http_stopped), http_stopped, SECONDS_TO_FINISH))
        if follower is not None:
            tasks.create_task(follower.run(stopping, service.waits))
        tasks.create_task(keep_marking(service.database, http_stopped))
        tasks.create_task(_end_if_damaged(service.damage, http_stopped))
        log.info("serving", host=service.settings.host, port=service.settings.port)


async def _listen(listeners: Sequence[Listener], stopping: asyncio.Event, stopped: asyncio.Event) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for listener in listeners:
                tasks.create_task(listener.serve(stopping))
        await stopping.wait()  # also with no listener at all
    finally:
        stopped.set()


async def _end_if_damaged(damage: asyncio.Future[Unusable], stopping: asyncio.Event) -> None:
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait((damage, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if damage.done():
        raise damage.result()


async def keep_sending(service: Service, stopping: asyncio.Event) -> None:
    """The relay: one process per database holds the lease and sends; the others wait for it."""
    relay, patience = service.relay, Patience("relay", "sending what the outbox holds", service.waits)
    while not stopping.is_set():
        try:
            async with service.database.sole_holder(SENDER, relay.look_again) as lease:
                relay.set_leader(lease.held)
                while lease.held and not stopping.is_set():
                    with service.waits.under_way("relay", "sending rows"):
                        sent = await relay.send_due()
                    patience.over()
                    if not sent:
                        await relay.wait(longest=1.0)
            if not relay.sends:
                await _stopped_within(stopping, seconds=1.0)
        except Exception as failure:
            if not is_outage(failure):
                raise
            relay.set_leader(False)
            await patience.wait(failure)


async def keep_handling(service: Service, stopping: asyncio.Event) -> None:
    """Handle events until `stopping`; retry during an outage."""
    patience = Patience("consumer", "fetching events", service.waits)
    while not stopping.is_set():
        try:
            await service.consumer.handle_next(timeout=0.5)
        except Exception as failure:
            if not is_outage(failure):
                raise
            await patience.wait(failure)
        else:
            patience.over()


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
