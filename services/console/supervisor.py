"""`sansha up`: every party a process of its own over the embedded log, watched, started anew when it ends.

The supervisor owns the clock topic and answers on the console's port. Its children hold the other end of a pipe: when
the supervisor dies, by whatever signal, they stop. What it starts is `python -P -m services.…`: a folder `services/`
in the working directory never gets in the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from contracts.http import ServiceStatus
from services.chassis.bus.port import BusError
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.clock import Clock, ClockReading, monotonic, pause, real_now
from services.chassis.clock_topic import ClockAnnouncer
from services.chassis.identity import SeededIdentity, TimeOrderedIdentity
from services.chassis.process import serve_http
from services.chassis.service import topic_specs
from services.console.clients import StackClient
from services.console.clock_authority import ClockAuthority
from services.console.stack import DEFAULT_FOLDER, DEFAULT_PORT_BASE, PLACES, Place, StackFile, database_url

STOP_SECONDS = 15.0
PORT_SECONDS = 3.0
REMEMBER_SECONDS = 1.0
STEADY_SECONDS = 10.0
"""A process that ran this long is started again at once when it ends; one that did not, after a pause."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """How to run the stack. `rate` 0 is a stepped clock, 1 real time, k a scaled one."""

    folder: Path = DEFAULT_FOLDER
    port_base: int = DEFAULT_PORT_BASE
    rate: float = 1.0
    start_at: datetime | None = None
    seed: int | None = None
    without: frozenset[str] = frozenset()
    bus_folder: Path | None = None
    """Where the embedded log is; None for `bus` in the data folder."""
    log_level: str = "info"


class CannotStart(Exception):
    """The stack cannot be started as asked; the text says why and what would work."""


@dataclass(eq=False)
class Child:
    """A party's process."""

    place: Place
    port: int
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    ended: str = ""


Told = Callable[[str], None]


@dataclass
class Supervisor:
    """Starts, watches and stops the parties' processes. `tell` is given a line whenever something happens."""

    options: UpOptions
    tell: Told
    children: Sequence[Child] = ()
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until SIGINT or SIGTERM. Raises `CannotStart`."""
        await self._prepare()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        try:
            bus = SqliteLog(self._bus_folder)
        except BusError as damaged:
            raise CannotStart(f"the log cannot be used ({damaged}); name another --database-dir") from None
        try:
            await bus.create_topics(topic_specs())
            clock = Clock.real()
            announcer = ClockAnnouncer(bus, clock, _identity(self._file))
            await self._set_clock(clock, announcer)
            async with StackClient(self.options.port_base) as client:
                self.authority = ClockAuthority(bus, clock, announcer, _Present(client, self.children))
                await self._run_all(clock)
                self._keep_time(clock.now())
        finally:
            await bus.close()

    @property
    def _bus_folder(self) -> Path:
        return (self.options.bus_folder or self.options.folder / "bus").resolve()

    async def _prepare(self) -> None:
        o = self.options
        for port in (o.port_base, *(o.port_base + place.offset for place in PLACES)):
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
        wanted = [place for place in PLACES if place.principal not in o.without]
        self.children = [Child(place, o.port_base + place.offset) for place in wanted]

    async def _set_clock(self, clock: Clock, announcer: ClockAnnouncer) -> None:
        """A stepped clock goes on where it stood; a scaled one where it was last seen; real time is real time."""
        o = self.options
        resumed = await announcer.resume()
        stood = (_last_seen(o.folder), clock.now() if resumed and clock.is_stepped else None)
        if o.rate == 1.0:
            clock.set(ClockReading(real_now(), real_now(), 1.0))
            return
        at = max(filter(None, stood), default=o.start_at or real_now())
        await announcer.announce(ClockReading(at, real_now(), o.rate))

    async def _run_all(self, clock: Clock) -> None:
        from services.console.control import control

        reader, writer = os.pipe()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(serve_http(control(self), "127.0.0.1", self.options.port_base, self.stopping))
                tasks.create_task(self._remember(clock))
                tasks.create_task(self._announce_ready())
                for child in self.children:
                    tasks.create_task(self._keep(child, reader))
        finally:
            os.close(writer)
            os.close(reader)

    async def _keep(self, child: Child, pipe: int) -> None:
        """Run a child until the supervisor stops; start it again whenever it ends before."""
        quick_ends = 0
        while not self.stopping.is_set():
            began = monotonic()
            child.process = await self._start(child, pipe)
            ended = asyncio.create_task(child.process.wait())
            told = asyncio.create_task(self.stopping.wait())
            await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            if self.stopping.is_set():
                await _stop(child.process)
                return
            child.restarts, child.ended = child.restarts + 1, _how(await ended)
            quick_ends = 0 if monotonic() - began > STEADY_SECONDS else quick_ends + 1
            self.tell(f"{child.place.label} ended ({child.ended}); starting it again, see {self._log(child)}")
            await pause(min(0.2 * 2**quick_ends, 10.0) if quick_ends > 1 else 0.0)

    async def _start(self, child: Child, pipe: int) -> asyncio.subprocess.Process:
        log = os.open(self._log(child), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                child.place.module,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment(child, pipe)},
                pass_fds=(pipe,),
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _log(self, child: Child) -> Path:
        return self.options.folder / "logs" / f"{child.place.principal}.log"

    def _environment(self, child: Child, pipe: int) -> Mapping[str, str]:
        folder, kept = self.options.folder.resolve(), self._file
        common = {
            "SANSHA_PORT": str(child.port),
            "SANSHA_DATABASE_URL": database_url(folder, child.place.principal),
            "SANSHA_BUS_URL": f"embedded:{self._bus_folder}",
            "SANSHA_CLOCK": "real" if self.options.rate == 1.0 else "announced",
            "SANSHA_LOG_LEVEL": self.options.log_level,
            "SANSHA_PARENT_PIPE": str(pipe),
        }
        common |= {"SANSHA_SECRET": kept.secret} if kept.seed is None else {"SANSHA_SEED": str(kept.seed)}
        return common | dict(child.place.environment)

    async def _announce_ready(self) -> None:
        async with StackClient(self.options.port_base) as client:
            waiting = {child.place.principal: child for child in self.children}
            while waiting and not self.stopping.is_set():
                for principal, status in (await client.statuses(list(waiting))).items():
                    if status is not None:
                        child = waiting.pop(principal)
                        self.tell(f"{child.place.label} is ready at http://127.0.0.1:{child.port} (/docs)")
                await pause(0.1)
        if not waiting:
            self.tell(
                f"all ready; clock and processes at http://127.0.0.1:{self.options.port_base} (/docs). Ctrl-C stops"
            )

    async def _remember(self, clock: Clock) -> None:
        """Keep the time of a scaled clock, so that it neither runs while the stack is down nor goes back after a kill:
        what is kept is a little ahead."""
        ahead = timedelta(seconds=2 * REMEMBER_SECONDS) * self.options.rate
        while not self.stopping.is_set():
            self._keep_time(clock.now() + ahead)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), timeout=REMEMBER_SECONDS)

    def _keep_time(self, at: datetime) -> None:
        if self.options.rate in (0.0, 1.0):
            return
        path = _clock_file(self.options.folder)
        written = path.with_suffix(".new")
        written.write_text(at.isoformat())
        written.replace(path)


@dataclass
class _Present:
    """The parties that this stack runs; one that was left out is somebody else's to bring to rest."""

    client: StackClient
    children: Sequence[Child]

    async def statuses(self) -> Mapping[str, ServiceStatus | None]:
        return await self.client.statuses([child.place.principal for child in self.children])


def _identity(file: StackFile) -> SeededIdentity | TimeOrderedIdentity:
    return TimeOrderedIdentity() if file.seed is None else SeededIdentity(file.seed)


def _clock_file(folder: Path) -> Path:
    return folder / "clock.txt"


def _last_seen(folder: Path) -> datetime | None:
    path = _clock_file(folder)
    return datetime.fromisoformat(path.read_text()) if path.exists() else None


def _sole_owner(folder: Path) -> IO[str]:
    """Held as long as this process lives: a folder has one clock."""
    lock = (folder / "up.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CannotStart(f"another sansha up runs over {folder}; stop it, or name another --database-dir") from None
    return lock


async def _freed(port: int) -> None:
    """The processes of a supervisor that was killed need a moment to end and give their ports back."""
    deadline = monotonic() + PORT_SECONDS
    while not _is_free(port):
        if monotonic() > deadline:
            raise CannotStart(f"port {port} is taken by another program; stop that one, or choose others: --port-base")
        await pause(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
