"""The stack that a load test runs on: a running one, or a new one in a temporary folder."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contracts import topics
from contracts.access import LOAD_TEST
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import BusError, EventBus
from services.chassis.clock import monotonic, pause
from services.chassis.sealing.choosing import sealer_for
from services.chassis.sealing.port import MissingKeys, Sealer, Unsealed
from services.chassis.settings import ServiceSettings
from services.console.keys import key_folder, readers_file
from services.console.stack.addresses import PORTS_PER_REPLICA, PROCESSES, Addresses, is_free
from services.console.stack.clients import StackClient
from services.console.stack.credentials import data_folder

PATIENCE_SECONDS: Final = 30.0


class NoTarget(Exception):
    """The stack cannot be used or started; the text says why and what would work."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bus, and the addresses of the parties."""

    bus_url: str
    addresses: Addresses


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """An open bus, a client of the parties, and what seals receipts as the provider does."""

    bus: EventBus
    client: StackClient
    sealer: Sealer = field(default_factory=Unsealed)


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[OpenTarget]:
    """Receipts are sealed if SANSHA_SEALING_READERS_FILE is set, or for a stack of this machine that seals.

    Raises `NoTarget`; `ValueError` for an unusable setting in the environment.
    """
    settings = ServiceSettings.from_environment(LOAD_TEST).model_copy(update={"bus_url": target.bus_url})
    try:
        sealer = sealer_for(settings.sealing_readers_file or _readers_of(target.addresses))
    except MissingKeys as wrong:
        raise NoTarget(str(wrong)) from None
    folder = settings.embedded_folder
    if folder is not None and not folder.is_dir():
        raise NoTarget(
            f"{folder} is not an embedded log's folder; start a stack with sansha up, or name another --target"
        )
    try:
        bus = await open_bus(
            settings.bus_url, durable=settings.database_durable, kafka=settings.kafka_options(LOAD_TEST)
        )
        try:
            await bus.end_offsets([topics.RECEIPTS.name])
        except BusError:
            await bus.close()
            raise
    except (BusError, ValueError) as wrong:
        raise NoTarget(f"the bus {target.bus_url} cannot be used ({wrong}); see --target") from None
    try:
        async with StackClient(target.addresses) as client:
            yield OpenTarget(bus, client, sealer)
    finally:
        await bus.close()


def _readers_of(addresses: Addresses) -> Path | None:
    """The public keys of a stack that `sansha up` runs on this machine; None if it has none."""
    data = None if addresses.hosts else data_folder(addresses.port_base)
    found = None if data is None else readers_file(key_folder(data))
    return found if found is not None and found.exists() else None


@asynccontextmanager
async def own_stack(clock: str, *, sealed: bool = False) -> AsyncIterator[Target]:
    """Runs `sansha up` in a temporary folder, on free ports, with this clock; stops and deletes it afterwards.

    Raises `NoTarget` if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="sansha-load-") as name:
        folder, port_base = Path(name), _free_ports()
        with (folder / "up.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "services.console", "up"),
                *("--database-dir", str(folder / "data"), "--port-base", str(port_base), "--log-level", "warning"),
                *("--clock", clock),
                *(("--sealed",) if sealed else ()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the load test alone
                env={**os.environ, "SANSHA_BUS_URL": ""},
            )
        target = Target(f"embedded:{folder / 'data' / 'bus'}", Addresses(port_base))
        try:
            await _ready(target.addresses, process, folder / "up.log")
            yield target
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.wait()


async def _ready(addresses: Addresses, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    async with StackClient(addresses) as client:
        while any(replica.status is None for replica in await client.replicas()):
            if process.returncode is not None or monotonic() > deadline:
                raise NoTarget(f"a stack for the load test did not start: {_last_line(log)}")
            await pause(0.1)


def _last_line(log: Path) -> str:
    return next(reversed(log.read_text(errors="replace").split("\n")[:-1]), "it logged nothing")


def _free_ports() -> int:
    """The base of a range of free ports that is wide enough for a stack.

    Each process looks elsewhere first: two load tests that start at once must not choose the same.
    """
    bases = list(range(20_000, 32_000, PORTS_PER_REPLICA))  # below the ports that Linux gives to clients
    first = os.getpid() % len(bases)
    for base in bases[first:] + bases[:first]:
        if all(is_free(base + offset) for offset in (0, *(process.offset for process in PROCESSES))):
            return base
    raise NoTarget("no free ports for a temporary stack")
