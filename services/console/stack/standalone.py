"""`sansha console`: the clock and the console's HTTP for a stack whose parties are started elsewhere, as in containers.

Settings come from the environment as for a party (`SANSHA_…`, `SANSHA_CONSOLE_…`, files of `SANSHA_SECRETS_DIR`).
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial
from typing import Annotated

import structlog
from pydantic import Field

from contracts import topics
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import EventBus
from services.chassis.service import identity_of, topic_specs
from services.chassis.settings import ServiceSettings
from services.chassis.waits import possible
from services.chassis.web.known_callers import known_callers
from services.chassis.web.peers import own_listener
from services.console.stack.addresses import DEFAULT_PORT_BASE, Addresses
from services.console.stack.clients import StackClient
from services.console.stack.clock_authority import ClockAuthority, ClockOptions
from services.console.stack.control import control

log = structlog.get_logger(__name__)


class ConsoleSettings(ServiceSettings):
    """The settings of every service; the port defaults to the console's."""

    port: Annotated[int, Field(ge=0, le=65535)] = DEFAULT_PORT_BASE
    """Port of the console's HTTP; 0 takes any free one."""


async def serve_console(settings: ConsoleSettings, options: ClockOptions, addresses: Addresses) -> None:
    """Own the clock and answer over HTTP until SIGTERM or SIGINT.

    Raises `ValueError` for an unknown bus, and for users that cannot be used.
    """
    callers = known_callers(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with StackClient(addresses) as client:
        beginning = asyncio.create_task(_begin(settings, options, client))
        stop_requested = asyncio.create_task(stopping.wait())
        await asyncio.wait((beginning, stop_requested), return_when=asyncio.FIRST_COMPLETED)
        if stop_requested.done():
            beginning.cancel()
            return
        stop_requested.cancel()
        bus, authority = await beginning
        try:
            log.info("serving", host=settings.host, port=settings.port, now=authority.now().isoformat())
            app = control(authority, settings, callers)
            await own_listener(settings, topics.CONSOLE, app).serve(stopping)
        finally:
            await bus.close()
    log.info("stopped")


async def _begin(
    settings: ConsoleSettings, options: ClockOptions, client: StackClient
) -> tuple[EventBus, ClockAuthority]:
    """The bus and the clock, once the bus answers."""
    return await possible("clock", "beginning the clock", partial(_begin_at_once, settings, options, client))


async def _begin_at_once(
    settings: ConsoleSettings, options: ClockOptions, client: StackClient
) -> tuple[EventBus, ClockAuthority]:
    bus = await open_bus(
        settings.bus_url, durable=settings.database_durable, kafka=settings.kafka_options(topics.CONSOLE)
    )
    async with contextlib.AsyncExitStack() as unless_begun:
        unless_begun.push_async_callback(bus.close)
        await bus.create_topics(topic_specs(topics.CONSOLE))
        authority = ClockAuthority(bus, identity_of(settings), client)
        await authority.begin(options)
        unless_begun.pop_all()
    return bus, authority
