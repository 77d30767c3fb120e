"""Runs what a command does: by itself, or with a client of the running stack."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from contracts import topics
from services.chassis.telemetry import configure_logging
from services.console.cli.output import fail
from services.console.event_loop import run_to_end
from services.console.stack.addresses import Addresses
from services.console.stack.calling import UnusableCertificates
from services.console.stack.clients import Refused, StackClient, Unreachable

Answer = TypeVar("Answer")


def log_warnings() -> None:
    """Logs from level warning on, to stderr: stdout is the command's own."""
    configure_logging("warning", topics.CONSOLE)


def run(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Runs `work` to its end on a new event loop."""
    log_warnings()
    return run_to_end(work)


def stack_addresses(port_base: int) -> Addresses:
    """Addresses of the stack: on this machine, or on the hosts of SANSHA_STACK_HOSTS."""
    try:
        return Addresses.from_environment(port_base)
    except ValueError as wrong:
        fail(str(wrong))


def on_stack(work: Callable[[StackClient], Coroutine[Any, Any, Answer]], port_base: int) -> Answer:
    """Runs `work` with a client of the running stack. A refusal, or a party that does not answer, ends in one line."""
    addresses = stack_addresses(port_base)

    async def with_client() -> Answer:
        async with StackClient(addresses) as client:
            return await work(client)

    try:
        return run(with_client())
    except Refused as refused:
        fail(str(refused), 1 if refused.problem.code == "clock_blocked" else 2)
    except (Unreachable, UnusableCertificates) as wrong:
        fail(str(wrong))
