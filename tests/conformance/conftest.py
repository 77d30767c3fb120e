"""Fixtures: every test runs once for each adapter that has the features it needs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from services.chassis.bus.port import EventBus
from testbed.broker import Broker
from tests.conformance.adapters import ADAPTERS, Adapter, InKafka

ROOT = Path(__file__).parents[2]

Connect = Callable[[], Awaitable[EventBus]]


@pytest.fixture
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Adapter:
    """A fresh log. Parametrised below."""
    if request.param == InKafka.name:
        broker: Broker = request.getfixturevalue("broker")
        InKafka.place(tmp_path / "log", broker.plain, request.getfixturevalue("topic_prefix"))
    return ADAPTERS[request.param](tmp_path / "log")


@pytest_asyncio.fixture
async def connect(adapter: Adapter) -> AsyncIterator[Connect]:
    """Opens connections to the log, and closes them after the test."""
    opened: list[EventBus] = []

    async def open_another() -> EventBus:
        bus = await adapter.connect()
        opened.append(bus)
        return bus

    yield open_another
    for bus in opened:
        await bus.close()


@pytest_asyncio.fixture
async def bus(connect: Connect) -> EventBus:
    return await connect()


class OtherProcess:
    """A process of `tests.conformance.other_process`, which prints a line for each step."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            said = await self._process.stdout.readline()
        assert said, "the other process ended early"
        return said.decode().strip()

    async def lines_left(self) -> list[str]:
        """The unread lines of a process that has ended."""
        assert self._process.stdout is not None
        return (await self._process.stdout.read()).decode().splitlines()

    async def kill(self) -> None:
        """Send SIGKILL and wait for the process to end. Idempotent."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)


Start = Callable[..., Awaitable[OtherProcess]]


@pytest_asyncio.fixture
async def start(adapter: Adapter) -> AsyncIterator[Start]:
    """Starts `other_process` with a command and its arguments, on the log under test."""
    started: list[OtherProcess] = []

    async def start_one(*command: str) -> OtherProcess:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tests.conformance.other_process"),
            *(adapter.name, str(adapter.folder), *command),
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        started.append(OtherProcess(process))
        return started[-1]

    yield start_one
    for process in started:
        await process.kill()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for every adapter or, with `@pytest.mark.needs("feature", …)`, for those with the features."""
    features = [name for mark in metafunc.definition.iter_markers("needs") for name in mark.args]
    if "adapter" in metafunc.fixturenames:
        able = [a for a in ADAPTERS.values() if all(getattr(a, feature) for feature in features)]
        marked = [pytest.param(a.name, marks=[pytest.mark.stack] if a.needs_engine else []) for a in able]
        metafunc.parametrize("adapter", marked, indirect=True)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*features): only for adapters that have these feature flags")
