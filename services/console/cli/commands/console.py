"""`sansha console`: the console of a stack whose parties are started elsewhere."""

from __future__ import annotations

import asyncio

import typer

from contracts import topics
from services.chassis.outages import Unusable
from services.chassis.telemetry import configure_logging
from services.console.cli.options import ClockRate, ClockStart, Level, PortBase, clock_start
from services.console.cli.output import fail
from services.console.cli.running import stack_addresses
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.clock_authority import ClockOptions
from services.console.stack.standalone import ConsoleSettings, serve_console

app = typer.Typer(add_completion=False)


@app.command()
def console(
    clock_mode: ClockRate = 1.0,
    start: ClockStart = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    log_level: Level = None,
) -> None:
    """Serve the clock and the console over HTTP for parties started elsewhere, e.g. in containers.

    SANSHA_BUS_URL names the bus, SANSHA_STACK_HOSTS the hosts of the parties (ward=HOST,card_agent.jcb=HOST,…). A host
    name may stand for several replicas: time waits for each of them. A party that is not named runs on this machine.

    The clock continues from where it stood.
    """
    addresses, options = stack_addresses(port_base), ClockOptions(clock_mode, clock_start(start, clock_mode))
    try:
        settings = ConsoleSettings.from_environment(topics.CONSOLE)
        configure_logging(log_level or settings.log_level, topics.CONSOLE)
        if settings.bus_url == "memory:":
            fail("SANSHA_BUS_URL is not set; give kafka://HOST:PORT or embedded:FOLDER")
        asyncio.run(serve_console(settings, options, addresses))
    except (ValueError, Unusable) as wrong:
        fail(str(wrong))
