"""Runs `sansha up` on free ports: waits until it is ready, stops it without leaving a process behind."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from contracts import topics
from contracts.books import Books
from services.console.books.audit import Audit
from services.console.books.reading import audit_folder, read_books
from services.console.stack.addresses import PROCESSES, process_of
from services.console.stack.credentials import OPERATOR, key_file
from testbed.processes import (
    PATIENCE_SECONDS,
    Finished,
    Running,
    all_ended,
    eventually,
    finished,
    free_port_base,
    module,
)

START_DAY = "2021-07-01"
STEPPED = ("--clock", "stepped", "--from", START_DAY, "--seed", "7")
CONSOLE = "services.console"


class Stack:
    """A stack over `folder`/data, which may be started, stopped, killed and started again."""

    def __init__(self, folder: Path, *options: str, cwd: Path | None = None, **settings: str) -> None:
        self.data, self.port_base, self.cwd = folder / "data", free_port_base(), cwd or folder
        self.log = folder / "console.log"
        places = ("--database-dir", str(self.data), "--port-base", str(self.port_base))
        self._up = Running(module(CONSOLE, "up", *places, *options), self.cwd, self.log, settings)
        self._absent = {
            process_of(o).principal for o, before in zip(options[1:], options, strict=False) if before == "--without"
        }
        self._http = httpx.AsyncClient(timeout=2 * PATIENCE_SECONDS, auth=self.as_operator)
        self._seen: set[int] = set()

    @property
    def key(self) -> str:
        """The operator's key; empty before the first start."""
        made = key_file(self.data, OPERATOR)
        return made.read_text().strip() if made.exists() else ""

    def as_operator(self, request: httpx.Request) -> httpx.Request:
        """Sends the operator's key along."""
        request.headers["Authorization"] = f"Bearer {self.key}"
        return request

    @property
    def principals(self) -> list[str]:
        """The parties it runs."""
        return [place.principal for place in PROCESSES if place.principal not in self._absent]

    @property
    def said(self) -> str:
        return self._up.said

    def port(self, principal: str) -> int:
        return self.port_base + (0 if principal == topics.CONSOLE else process_of(principal).offset)

    def url(self, principal: str) -> str:
        return f"http://127.0.0.1:{self.port(principal)}"

    async def start(self) -> None:
        """Returns when every party is ready."""
        await self._up.start()
        await self.is_ready()

    async def is_ready(self) -> None:
        async def all_ready() -> bool:
            assert not self._up.has_ended, self.said
            answers = [await self.status_of(p, "/health/ready") for p in self.principals]
            return answers == [200] * len(answers) and await self.status_of(topics.CONSOLE, "/clock") == 200

        await eventually(all_ready, "a stack that is ready")
        await self.pids()

    async def status_of(self, principal: str, path: str) -> int:
        """The HTTP status; 0 if nothing answers."""
        try:
            return (await self._http.get(self.url(principal) + path)).status_code
        except httpx.TransportError:
            return 0

    async def get(self, principal: str, path: str, **parameters: Any) -> Any:
        answer = await self._http.get(self.url(principal) + path, params=parameters)
        assert answer.is_success, answer.text
        return answer.json()

    async def post(self, principal: str, path: str, body: Any) -> httpx.Response:
        return await self._http.post(self.url(principal) + path, json=body)

    async def pids(self) -> dict[str, int]:
        """Process ids of the parties."""
        views = await self.get(topics.CONSOLE, "/processes")
        pids = {v["principal"]: int(v["pid"]) for v in views if v["pid"] is not None}
        self._seen |= set(pids.values())
        return pids

    async def restarted(self, principal: str, before: int) -> None:
        """Wait until a process other than `before` does the party's work."""

        async def another() -> bool:
            pids = await self.pids()
            return pids.get(principal, before) != before and await self.status_of(principal, "/health/ready") == 200

        await eventually(another, f"a new process of {principal}")

    async def stop(self) -> None:
        """Ctrl-C. Its exit status must be 0, and every process it started must end."""
        await self.pids()
        status = await self._up.end(signal.SIGINT)
        assert status == 0, self.said
        await all_ended(self._seen)

    async def end(self) -> int:
        """Wait until it ends by itself; returns the exit status."""
        return await self._up.ended()

    async def start_unready(self) -> None:
        await self._up.start()

    async def kill(self) -> None:
        """kill -9 of the supervisor; returns when its children have ended."""
        await self.pids()
        assert await self._up.end(signal.SIGKILL) == -signal.SIGKILL
        await all_ended(self._seen)

    async def close(self) -> None:
        await self._http.aclose()
        await self._up.close()
        await all_ended(self._seen)

    # ---- the command line ------------------------------------------------------------------------------

    async def sansha(self, *arguments: str, typed: str = "") -> Finished:
        """Run a command against this stack; `typed` is its standard input."""
        command = module(CONSOLE, *arguments, "--port-base", str(self.port_base))
        return await finished(*command, cwd=self.cwd, typed=typed)

    async def sansha_json(self, *arguments: str) -> Any:
        """The JSON document that a command prints; it must succeed."""
        done = await self.sansha(*arguments, "--json")
        assert done.status == 0, done.err
        return json.loads(done.out)

    async def audited(self) -> Finished:
        return await finished(*module(CONSOLE, "audit", "--database-dir", str(self.data)), cwd=self.cwd)

    # ---- the clock and the books -----------------------------------------------------------------------

    async def now(self) -> str:
        return str((await self.get(topics.CONSOLE, "/clock"))["now"])

    async def advance(self, to: str, patience_seconds: float = 60.0) -> httpx.Response:
        """`to` is a date, or a time with its offset; a date begins at midnight in Japan."""
        moment = f"{to}T00:00:00+09:00" if len(to) == len(START_DAY) else to
        return await self.post(topics.CONSOLE, "/clock/advance", {"to": moment, "patience_seconds": patience_seconds})

    async def audit(self) -> Audit:
        return await audit_folder(self.data)

    async def books(self) -> Mapping[str, Books]:
        """The books of each party."""
        return await read_books(self.data)

    async def dead_letters(self) -> list[Any]:
        return [letter for p in self.principals for letter in await self.get(p, "/ops/dead-letters")]


NewStack = Callable[..., Stack]
"""Makes stacks from options of `sansha up`, `folder`, `cwd`, and settings for the environment."""
