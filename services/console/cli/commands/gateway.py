"""`sansha gateway`: one port per party, in front of all its replicas."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from services.console.cli.options import PortBase
from services.console.cli.output import fail
from services.console.cli.running import run, stack_addresses
from services.console.deployment.gateway import serve
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def gateway(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port_base: PortBase = DEFAULT_PORT_BASE,
) -> None:
    """Forward connections to the parties of SANSHA_STACK_HOSTS: one port per party, replicas in turn."""
    addresses = stack_addresses(port_base)
    ports = {addresses.port(principal): principal for principal in addresses.hosts}
    if not ports:
        fail("SANSHA_STACK_HOSTS names no party; write it like ward=HOST,console=HOST")

    async def until_stopped() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await serve(host, ports, addresses, stopping)

    try:
        run(until_stopped())
    except ValueError as unusable:
        fail(str(unusable))
    except OSError as taken:
        fail(f"cannot listen: {taken.strerror}; choose other ports: --port-base")
