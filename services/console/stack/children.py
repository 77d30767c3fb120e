"""The parties' processes of `sansha up`: started, watched, restarted when they end, stopped.

What is started is `python -P -m services.…`: a folder `services/` in the working directory never gets in the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.chassis.clock import monotonic, pause
from services.chassis.process import UNUSABLE_LINE, UNUSABLE_STATUS
from services.console.stack.addresses import PartyProcess

STOP_SECONDS: Final = 15.0
STEADY_SECONDS: Final = 10.0
"""A process that ran at least this long is restarted at once when it ends; another after a pause."""
_LAST_BYTES: Final = 8_192


@dataclass(eq=False)
class Child:
    """A party's process; `replica` counts the processes of that party from 0."""

    party: PartyProcess
    port: int
    replica: int = 0
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    ended: str = ""
    unusable: str = ""
    """Why it is not started again: the line with which it ended."""

    @property
    def name(self) -> str:
        """Unique among all processes of the stack."""
        return f"{self.party.principal}.{self.replica + 1}" if self.replica else self.party.principal

    @property
    def label(self) -> str:
        """The name on screen."""
        return f"{self.party.label} ({self.replica + 1})" if self.replica else self.party.label


@dataclass(frozen=True)
class Keeper:
    """Keeps processes running until `stopping`. `tell` receives a line for each change."""

    logs: Path
    pipe: int
    tell: Callable[[str], None]
    stopping: asyncio.Event

    async def keep(self, child: Child, environment: Mapping[str, str]) -> None:
        """Run a child until the supervisor stops; restart it whenever it ends before.

        One that ends with status 2 cannot run until somebody mends the cause: it is left down.
        """
        quick_ends = 0
        while not self.stopping.is_set():
            began = monotonic()
            child.process = await self._start(child, environment)
            ended = asyncio.create_task(child.process.wait())
            stop_requested = asyncio.create_task(self.stopping.wait())
            await asyncio.wait((ended, stop_requested), return_when=asyncio.FIRST_COMPLETED)
            stop_requested.cancel()
            if self.stopping.is_set():
                await _stop(child.process)
                return
            code = await ended
            child.ended = _how(code)
            if code == UNUSABLE_STATUS:
                child.unusable = _last_line(self._log(child)) or child.ended
                self.tell(f"{child.label} cannot run and is left down: {child.unusable}")
                return
            child.restarts += 1
            quick_ends = 0 if monotonic() - began > STEADY_SECONDS else quick_ends + 1
            self.tell(f"{child.label} ended ({child.ended}); starting it again, see {self._log(child)}")
            await pause(min(0.2 * 2**quick_ends, 10.0) if quick_ends > 1 else 0.0)

    async def _start(self, child: Child, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
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
                env=dict(environment),
                pass_fds=(self.pipe,),
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _log(self, child: Child) -> Path:
        return self.logs / f"{child.name}.log"


def _last_line(log: Path) -> str:
    """The line with which a process said why it cannot run."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LAST_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    found = [line for line in lines if line.startswith(UNUSABLE_LINE)]
    return found[-1].removeprefix(UNUSABLE_LINE) if found else ""


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
