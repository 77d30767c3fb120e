"""`sansha up`: runs every party as one or more processes, watches them, and restarts one that ends (`children.py`).

The supervisor owns the clock topic and answers on the console's port. Its children hold the other end of a pipe: when
the supervisor dies, by whatever signal, they stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Final

from contracts import topics
from contracts.bounds import LAST_INSTANT, shown, wrong_instant
from contracts.http.console import ProcessView
from services.chassis.access.caller import Callers
from services.chassis.bus.opening import open_bus
from services.chassis.bus.port import BusError, DamagedLog, EventBus
from services.chassis.clock import monotonic, pause
from services.chassis.identity import SeededIdentity, TimeOrderedIdentity
from services.chassis.log_levels import LogLevel
from services.chassis.process import PRIVATE_UMASK
from services.chassis.sealing.port import MissingKeys
from services.chassis.service import topic_specs
from services.chassis.settings import InvalidSettings, ServiceSettings
from services.chassis.telemetry import configure_logging
from services.chassis.web.connections import ConnectionTerms
from services.chassis.web.known_callers import known_callers
from services.chassis.web.listeners import Listener
from services.console.backup.schedule import BackupTerms, keep_backing_up
from services.console.folder import DEFAULT_FOLDER, StackFile, database_url, make_private
from services.console.keys import key_folder, key_settings, make_folder_of_keys
from services.console.stack.addresses import (
    DEFAULT_PORT_BASE,
    LOCAL_HOST,
    PROCESSES,
    Addresses,
    is_free,
)
from services.console.stack.children import Child, Keeper
from services.console.stack.clients import Replica, StackClient
from services.console.stack.clock_authority import ClockAuthority, ClockCannotMove, ClockOptions
from services.console.stack.control import control, with_processes
from services.console.stack.credentials import NoPlaceForKey, findable, make_users, users_file
from services.console.stack.signing_keys import of_duties

LOG_LEVEL_VARIABLE: Final = re.compile(r"SANSHA_([A-Z_]+_)?LOG_LEVEL", re.IGNORECASE)
PORT_SECONDS = 3.0
REMEMBER_SECONDS = 1.0


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
    open: bool = False
    """Requests need no user: anybody on this machine may send them."""
    sealed: bool | None = None
    """Events and files are sealed for their readers; None for a folder as it is."""
    backups: BackupTerms | None = None


class CannotStart(Exception):
    """The stack cannot be started with these options; the text says why and what would work."""


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
            with findable(self.options.folder, self.options.port_base):
                async with StackClient(self._addresses) as client:
                    present = _Present(client, self.children)
                    self.authority = ClockAuthority(bus, _identity(self._file), present)
                    last_seen = _last_seen(self.options.folder)
                    try:
                        await self.authority.begin(self.options.clock, last_seen)
                    except ClockCannotMove as wrong:
                        raise CannotStart(str(wrong)) from None
                    await self._run_all()
                    self._keep_time(self.authority.now())
        except NoPlaceForKey as wrong:
            raise CannotStart(str(wrong)) from None
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
        except DamagedLog as wrong:
            raise CannotStart(str(wrong)) from None
        except (ValueError, BusError) as wrong:
            raise CannotStart(f"the bus cannot be used ({wrong}); see --bus") from None
        try:
            await bus.create_topics(topic_specs(None if settings.embedded_folder else topics.CONSOLE))
        except BusError as wrong:
            await bus.close()
            damaged = isinstance(wrong, DamagedLog)
            raise CannotStart(str(wrong) if damaged else f"the bus cannot be used ({wrong}); see --bus") from None
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
            os.umask(PRIVATE_UMASK)  # for the parties' processes, too
            kind, _, log = self._bus_url.partition(":")
            for folder in (o.folder, Path(log)) if kind == "embedded" else (o.folder,):
                for line in make_private(folder):
                    self.tell(line)
            (o.folder / "logs").mkdir(exist_ok=True)
            self._lock = _sole_owner(o.folder)
            self._file = StackFile.open(o.folder, o.seed)
            make_users(o.folder)
            if o.sealed:
                make_folder_of_keys(key_folder(o.folder))
        except OSError as wrong:
            raise CannotStart(f"{o.folder} cannot be used ({wrong.strerror}); name another --database-dir") from None
        except (ValueError, MissingKeys) as wrong:
            raise CannotStart(str(wrong)) from None

    async def _run_all(self) -> None:
        app = with_processes(control(self.authority, self._settings, self._callers()), self._processes)
        reader, writer = os.pipe()
        try:
            async with asyncio.TaskGroup() as tasks:
                bounds = ConnectionTerms.of(self._settings)
                listener = Listener(app, LOCAL_HOST, self.options.port_base, terms=bounds)
                tasks.create_task(listener.serve(self.stopping))
                tasks.create_task(self._remember())
                if (terms := self.options.backups) is not None:
                    tasks.create_task(keep_backing_up(terms, self.options.folder, self.stopping, self.tell))
                tasks.create_task(self._announce_ready())
                keeper = Keeper(self.options.folder / "logs", reader, self.tell, self.stopping)
                for child in self.children:
                    environment = {**self._inherited, **self._environment(child, reader)}
                    tasks.create_task(self._kept(keeper, child, environment))
        finally:
            os.close(writer)
            os.close(reader)
        if all(child.unusable for child in self.children):
            raise CannotStart("no party can run: mend what each of the lines above names, then start again")

    async def _kept(self, keeper: Keeper, child: Child, environment: Mapping[str, str]) -> None:
        """Run a party's process; when none is left that can run, the stack stops."""
        await keeper.keep(child, environment)
        if all(each.unusable for each in self.children):
            self.stopping.set()

    def _callers(self) -> Callers:
        """Of the console itself."""
        settings = ServiceSettings.from_environment(topics.CONSOLE)
        own: dict[str, object] = {"users_file": users_file(self.options.folder, topics.CONSOLE)}
        if self.options.open:
            own["access"] = "open"
        return known_callers(settings.model_copy(update=own))

    def _processes(self) -> Sequence[ProcessView]:
        return [
            ProcessView(
                principal=child.party.principal,
                port=child.port,
                pid=child.process.pid if child.process and not child.unusable else None,
                restarts=child.restarts,
                ended=child.ended,
                unusable=child.unusable,
            )
            for child in self.children
        ]

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
            "SANSHA_USERS_FILE": str(users_file(folder, child.party.principal)),
            **of_duties(folder, child.party.principal),
            **({"SANSHA_ACCESS": "open"} if self.options.open else {}),
        }
        keys = key_folder(folder)
        if keys.exists():
            own = key_settings(keys, child.party.principal, seals=self.options.sealed is not False)
            common |= {f"SANSHA_{name.upper()}": str(value) for name, value in own.items()}
        if self.options.log_level is not None:
            common["SANSHA_LOG_LEVEL"] = self.options.log_level
        common |= {"SANSHA_SECRET": secrets.secret} if secrets.seed is None else {"SANSHA_SEED": str(secrets.seed)}
        return common | dict(child.party.environment)

    async def _announce_ready(self) -> None:
        if self.options.open:
            self.tell("open: anybody on this machine may see and do everything; without --open a user's key is needed")
        waiting = {f"{LOCAL_HOST}:{child.port}": child for child in self.children}
        while waiting and not self.stopping.is_set():
            waiting = {address: child for address, child in waiting.items() if not child.unusable}
            for replica in await self.authority.replicas():
                if replica.status is not None and (child := waiting.pop(replica.address, None)) is not None:
                    self.tell(f"{child.label} is ready at http://{replica.address} (/docs)")
            await pause(0.1)
        if not self.stopping.is_set():
            left_down = ", ".join(child.label for child in self.children if child.unusable)
            ready = f"ready without {left_down}" if left_down else "all ready"
            self.tell(
                f"{ready}; clock and processes at http://{LOCAL_HOST}:{self.options.port_base} (/docs). Ctrl-C stops"
            )

    async def _remember(self) -> None:
        """Save what the folder holds, and the time of a scaled clock.

        So the clock neither runs while the stack is down nor goes back after a kill: the saved time is slightly ahead.
        """
        ahead = timedelta(seconds=2 * REMEMBER_SECONDS) * self.options.clock.rate
        while not self.stopping.is_set():
            self._file = self._file.with_all(self.options.folder)
            self._keep_time(self.authority.now() + ahead)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), timeout=REMEMBER_SECONDS)

    def _keep_time(self, at: datetime) -> None:
        if self.options.clock.rate in (0.0, 1.0):
            return
        path = _clock_file(self.options.folder)
        written = path.with_suffix(".new")
        written.write_text(min(at, LAST_INSTANT).isoformat())
        written.replace(path)


@dataclass
class _Present:
    """The parties that this stack runs. A party left out is not waited for."""

    client: StackClient
    children: Sequence[Child]

    async def replicas(self, principals: Collection[str] | None = None) -> Sequence[Replica]:
        wanted = dict.fromkeys(child.party.principal for child in self.children)
        found = await self.client.replicas([p for p in wanted if principals is None or p in principals])
        down = {f"{LOCAL_HOST}:{child.port}": child.unusable for child in self.children if child.unusable}
        return [replace(r, problem=f"is left down: {down[r.address]}") if r.address in down else r for r in found]


def _identity(file: StackFile) -> SeededIdentity | TimeOrderedIdentity:
    return TimeOrderedIdentity() if file.seed is None else SeededIdentity(file.seed)


def _clock_file(folder: Path) -> Path:
    return folder / "clock.txt"


def _last_seen(folder: Path) -> datetime | None:
    path = _clock_file(folder)
    if not path.exists():
        return None
    text = path.read_text(errors="replace")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or wrong_instant(at):
        raise CannotStart(
            f"{path} holds no time of the clock but {shown(text)!r}; restore it from a backup, or delete it: a scaled "
            "clock then goes on as if it had run meanwhile"
        )
    return at


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
