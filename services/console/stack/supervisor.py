"""`sansha up`: runs every party as one or more processes, watches them, and restarts one that ends.

The supervisor owns the clock topic and answers on the console's port. Its children hold the other end of a pipe: when
the supervisor dies, by whatever signal, they stop. What it starts is `python -P -m services.…`: a folder `services/`
in the working directory never gets in the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from contracts import topics
from contracts.http.console import ProcessView
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import BusError, EventBus
from services.chassis.clock import monotonic, pause
from services.chassis.identity import SeededIdentity, TimeOrderedIdentity
from services.chassis.log_levels import LogLevel
from services.chassis.service import topic_specs
from services.chassis.settings import InvalidSettings, ServiceSettings
from services.chassis.telemetry import configure_logging
from services.chassis.web.listeners import Listener
from services.console.folder import DEFAULT_FOLDER, StackFile, database_url
from services.console.stack.addresses import (
    DEFAULT_PORT_BASE,
    LOCAL_HOST,
    PROCESSES,
    Addresses,
    PartyProcess,
    is_free,
)
from services.console.stack.clients import Replica, StackClient
from services.console.stack.clock_authority import ClockAuthority, ClockOptions
from services.console.stack.control import control, with_processes

LOG_LEVEL_VARIABLE: Final = re.compile(r"SANSHA_([A-Z_]+_)?LOG_LEVEL", re.IGNORECASE)
STOP_SECONDS = 15.0
PORT_SECONDS = 3.0
REMEMBER_SECONDS = 1.0
STEADY_SECONDS = 10.0
"""A process that ran at least this long is restarted at once when it ends; another after a pause."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """How to run the stack."""

    folder: Path = DEFAULT_FOLDER
    port_base: int = DEFAULT_PORT_BASE
    clock: ClockOptions = field(default_factory=ClockOptions)
    seed: int | None = None
    without: frozenset[str] = frozenset()
    replicas: Mapping[str, int] = field(default_factory=dict)
    """Principal → number of its processes, if more than one."""
    bus_url: str = "embedded:"
    """`embedded:` without a folder means `bus` in the data folder."""
    log_level: LogLevel | None = None
    """Of every process, the console included; None for what the environment says."""


class CannotStart(Exception):
    """The stack cannot be started with these options; the text says why and what would work."""


@dataclass(eq=False)
class Child:
    """A party's process; `replica` counts the processes of that party from 0."""

    party: PartyProcess
    port: int
    replica: int = 0
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    ended: str = ""

    @property
    def name(self) -> str:
        """Unique among all processes of the stack."""
        return f"{self.party.principal}.{self.replica + 1}" if self.replica else self.party.principal

    @property
    def label(self) -> str:
        """The name on screen."""
        return f"{self.party.label} ({self.replica + 1})" if self.replica else self.party.label


@dataclass
class Supervisor:
    """Starts, watches and stops the parties' processes. `tell` receives a line for each change."""

    options: UpOptions
    tell: Callable[[str], None]
    children: Sequence[Child] = ()
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Runs the stack until SIGINT or SIGTERM. Raises `CannotStart`."""
        await self._prepare()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        bus = await self._open_bus()
        try:
            async with StackClient(self._addresses) as client:
                present = _Present(client, [p.principal for p in PROCESSES if p.principal not in self.options.without])
                self.authority = ClockAuthority(bus, _identity(self._file), present)
                last_seen = _last_seen(self.options.folder)
                await self.authority.begin(self.options.clock, last_seen)
                await self._run_all()
                self._keep_time(self.authority.now())
        finally:
            await bus.close()

    @property
    def _bus_url(self) -> str:
        kind, _, where = self.options.bus_url.partition(":")
        if kind != "embedded":
            return self.options.bus_url
        return f"embedded:{Path(where or self.options.folder / 'bus').resolve()}"

    @property
    def _addresses(self) -> Addresses:
        return Addresses(self.options.port_base, replicas=self.options.replicas)

    async def _open_bus(self) -> EventBus:
        settings = self._settings.model_copy(update={"bus_url": self._bus_url})
        try:
            bus = await open_bus(
                settings.bus_url, durable=settings.database_durable, kafka=settings.kafka_options(topics.CONSOLE)
            )
        except (ValueError, BusError) as wrong:
            raise CannotStart(f"the bus cannot be used ({wrong}); see --bus") from None
        try:
            await bus.create_topics(topic_specs(None if settings.embedded_folder else topics.CONSOLE))
        except BusError as wrong:
            await bus.close()
            raise CannotStart(f"the bus cannot be used ({wrong}); see --bus") from None
        return bus

    async def _prepare(self) -> None:
        o = self.options
        try:
            self._settings = ServiceSettings.from_environment(topics.CONSOLE)
        except InvalidSettings as wrong:
            raise CannotStart(str(wrong)) from None
        configure_logging(o.log_level or self._settings.log_level, topics.CONSOLE)
        wanted = [party for party in PROCESSES if party.principal not in o.without]
        self.children = [
            Child(party, self._addresses.port(party.principal, n), n)
            for party in wanted
            for n in range(o.replicas.get(party.principal, 1))
        ]
        for port in {o.port_base, *(child.port for child in self.children)}:
            await _freed(port)
        try:
            o.folder.mkdir(parents=True, exist_ok=True)
            (o.folder / "logs").mkdir(exist_ok=True)
            self._lock = _sole_owner(o.folder)
            self._file = StackFile.open(o.folder, o.seed)
        except OSError as wrong:
            raise CannotStart(f"{o.folder} cannot be used ({wrong.strerror}); name another --database-dir") from None
        except ValueError as wrong:
            raise CannotStart(str(wrong)) from None

    async def _run_all(self) -> None:
        app = with_processes(control(self.authority), self._processes)
        reader, writer = os.pipe()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(Listener(app, LOCAL_HOST, self.options.port_base).serve(self.stopping))
                tasks.create_task(self._remember())
                tasks.create_task(self._announce_ready())
                for child in self.children:
                    tasks.create_task(self._keep(child, reader))
        finally:
            os.close(writer)
            os.close(reader)

    def _processes(self) -> Sequence[ProcessView]:
        return [
            ProcessView(
                principal=child.party.principal,
                port=child.port,
                pid=child.process.pid if child.process else None,
                restarts=child.restarts,
                ended=child.ended,
            )
            for child in self.children
        ]

    async def _keep(self, child: Child, pipe: int) -> None:
        """Run a child until the supervisor stops; restart it whenever it ends before."""
        quick_ends = 0
        while not self.stopping.is_set():
            began = monotonic()
            child.process = await self._start(child, pipe)
            ended = asyncio.create_task(child.process.wait())
            stop_requested = asyncio.create_task(self.stopping.wait())
            await asyncio.wait((ended, stop_requested), return_when=asyncio.FIRST_COMPLETED)
            stop_requested.cancel()
            if self.stopping.is_set():
                await _stop(child.process)
                return
            child.restarts, child.ended = child.restarts + 1, _how(await ended)
            quick_ends = 0 if monotonic() - began > STEADY_SECONDS else quick_ends + 1
            self.tell(f"{child.label} ended ({child.ended}); starting it again, see {self._log(child)}")
            await pause(min(0.2 * 2**quick_ends, 10.0) if quick_ends > 1 else 0.0)

    async def _start(self, child: Child, pipe: int) -> asyncio.subprocess.Process:
        log = os.open(self._log(child), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                child.party.module,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._inherited, **self._environment(child, pipe)},
                pass_fds=(pipe,),
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _log(self, child: Child) -> Path:
        return self.options.folder / "logs" / f"{child.name}.log"

    @property
    def _inherited(self) -> Mapping[str, str]:
        """The environment; a level given as an option wins over every party's variable."""
        wins = self.options.log_level is not None
        return {name: text for name, text in os.environ.items() if not (wins and LOG_LEVEL_VARIABLE.fullmatch(name))}

    def _environment(self, child: Child, pipe: int) -> Mapping[str, str]:
        folder, secrets = self.options.folder.resolve(), self._file
        common = {
            "SANSHA_PORT": str(child.port),
            "SANSHA_DATABASE_URL": database_url(folder, child.party.principal),
            "SANSHA_BUS_URL": self._bus_url,
            "SANSHA_CLOCK": "real" if self.options.clock.rate == 1.0 else "announced",
            "SANSHA_PARENT_PIPE": str(pipe),
        }
        if self.options.log_level is not None:
            common["SANSHA_LOG_LEVEL"] = self.options.log_level
        common |= {"SANSHA_SECRET": secrets.secret} if secrets.seed is None else {"SANSHA_SEED": str(secrets.seed)}
        return common | dict(child.party.environment)

    async def _announce_ready(self) -> None:
        waiting = {f"{LOCAL_HOST}:{child.port}": child for child in self.children}
        while waiting and not self.stopping.is_set():
            for replica in await self.authority.replicas():
                if replica.status is not None and (child := waiting.pop(replica.address, None)) is not None:
                    self.tell(f"{child.label} is ready at http://{replica.address} (/docs)")
            await pause(0.1)
        if not waiting:
            self.tell(
                f"all ready; clock and processes at http://{LOCAL_HOST}:{self.options.port_base} (/docs). Ctrl-C stops"
            )

    async def _remember(self) -> None:
        """Save the time of a scaled clock, so that it neither runs while the stack is down nor goes back after a kill:
        the saved time is slightly ahead."""
        ahead = timedelta(seconds=2 * REMEMBER_SECONDS) * self.options.clock.rate
        while not self.stopping.is_set():
            self._keep_time(self.authority.now() + ahead)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), timeout=REMEMBER_SECONDS)

    def _keep_time(self, at: datetime) -> None:
        if self.options.clock.rate in (0.0, 1.0):
            return
        path = _clock_file(self.options.folder)
        written = path.with_suffix(".new")
        written.write_text(at.isoformat())
        written.replace(path)


@dataclass
class _Present:
    """The parties that this stack runs. A party left out is not waited for."""

    client: StackClient
    principals: Sequence[str]

    async def replicas(self, principals: Collection[str] | None = None) -> Sequence[Replica]:
        return await self.client.replicas([p for p in self.principals if principals is None or p in principals])


def _identity(file: StackFile) -> SeededIdentity | TimeOrderedIdentity:
    return TimeOrderedIdentity() if file.seed is None else SeededIdentity(file.seed)


def _clock_file(folder: Path) -> Path:
    return folder / "clock.txt"


def _last_seen(folder: Path) -> datetime | None:
    path = _clock_file(folder)
    return datetime.fromisoformat(path.read_text()) if path.exists() else None


def _sole_owner(folder: Path) -> IO[str]:
    """Holds the folder's lock as long as this process lives: a folder has one clock."""
    lock = (folder / "up.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CannotStart(f"another sansha up runs over {folder}; stop it, or name another --database-dir") from None
    return lock


async def _freed(port: int) -> None:
    """Waits until the ports are free: the processes of a killed supervisor need a moment to end."""
    deadline = monotonic() + PORT_SECONDS
    while not is_free(port):
        if monotonic() > deadline:
            raise CannotStart(f"port {port} is taken by another program; stop that one, or choose others: --port-base")
        await pause(0.1)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"
