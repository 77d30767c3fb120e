"""Runs programs of the project as a user would: environment, ports, end."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from services.chassis.clock import monotonic, pause

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 60.0
"""Long enough for a loaded machine; only what fails takes this long."""
_PORTS_PER_STACK = 20
_FIRST_PORT, _STACKS = 10_000, 1_100
"""Below the ephemeral ports."""


def environment(**more: str) -> Mapping[str, str]:
    """This process's environment, with which a new interpreter finds the project from any folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **more}


def module(name: str, *arguments: str) -> tuple[str, ...]:
    """The command line of a module of the project."""
    return (sys.executable, "-P", "-m", name, *arguments)


def _port_bases() -> Callable[[], int]:
    """Each process of a test run begins elsewhere, so that two of them rarely try the same ports."""
    tried = os.getpid() * 97 % _STACKS

    def next_base() -> int:
        nonlocal tried
        for _ in range(_STACKS):
            tried = (tried + 1) % _STACKS
            base = _FIRST_PORT + tried * _PORTS_PER_STACK
            if all(map(is_free, range(base, base + _PORTS_PER_STACK))):
                return base
        raise AssertionError(f"no {_PORTS_PER_STACK} consecutive ports are free")

    return next_base


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


free_port_base = _port_bases()


async def eventually(
    asked: Callable[[], Awaitable[T | None]], what: str, *, within: float = PATIENCE_SECONDS, every: float = 0.05
) -> T:
    """Poll until the answer is neither None nor False. Raises `AssertionError` after `within` seconds."""
    deadline = monotonic() + within
    while True:
        answer = await asked()
        if answer is not None and answer is not False:
            return answer
        assert monotonic() < deadline, f"{what} did not happen within {within} s"
        await pause(every)


def is_running(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # ended just now, or a system without /proc
        return not Path("/proc/self/stat").exists()


async def all_ended(pids: set[int]) -> None:
    async def none_left() -> bool:
        return not any(map(is_running, pids))

    await eventually(none_left, f"the end of the processes {sorted(pids)}")


@dataclass
class Finished:
    """Exit status and output of a command."""

    status: int
    out: str
    err: str


async def finished(*command: str, cwd: Path, typed: str = "", **more: str) -> Finished:
    """Run a command to its end; `typed` is its standard input."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=environment(**more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    return Finished(process.returncode if process.returncode is not None else -1, out.decode(), err.decode())


@dataclass
class Running:
    """A process that runs until it is signalled; its output goes to a file."""

    command: tuple[str, ...]
    cwd: Path
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    _process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                cwd=self.cwd,
                env=environment(**self.settings),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "start it first"
        return self._process

    @property
    def has_ended(self) -> bool:
        return self.process.returncode is not None

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    async def ended(self) -> int:
        """Wait for its end; returns the exit status."""
        return await asyncio.wait_for(self.process.wait(), PATIENCE_SECONDS)

    async def end(self, number: int) -> int:
        """Signal it and wait for its end; returns the exit status."""
        self.process.send_signal(number)
        return await self.ended()

    async def close(self) -> None:
        """Kill it if it still runs."""
        if self._process is not None and not self.has_ended:
            self._process.kill()
            await self._process.wait()
