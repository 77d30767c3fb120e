"""Stacks of processes, on the embedded log and SQLite, or on Kafka and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.parties import PARTIES
from testbed.broker import Broker
from testbed.postgres import PostgresServer
from testbed.real_stack import NewTrial, RealStack, Trial
from testbed.running_stack import STEPPED, NewStack, Stack
from tests.stack_tests import note


@pytest.fixture
async def new_stack(tmp_path: Path) -> AsyncIterator[NewStack]:
    """Makes stacks with the options given; their processes end with the test."""
    made: list[Stack] = []

    def make(*options: str, folder: Path = tmp_path, cwd: Path | None = None, **settings: str) -> Stack:
        made.append(Stack(folder, *options, cwd=cwd, **settings))
        return made[-1]

    yield make
    for stack in made:
        await stack.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stepped_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A running stack for all tests of a module, which need `pytest.mark.asyncio(loop_scope="module")`."""
    stack = Stack(tmp_path_factory.mktemp("stack"), *STEPPED)
    try:
        await stack.start()
        yield stack
    finally:
        await stack.close()


@pytest.fixture
async def new_trial(
    request: pytest.FixtureRequest, tmp_path: Path, broker: Broker, topic_prefix: str, postgres: PostgresServer
) -> AsyncIterator[NewTrial]:
    """Starts stacks with their own databases. The end of the run shows how long each took to catch up."""
    databases = {principal: await postgres.make_database(principal) for principal in PARTIES}
    urls = {principal: postgres.url(name) for principal, name in databases.items()}
    trials: list[Trial] = []

    async def start(*options: str, **settings: str) -> Trial:
        stack = RealStack(tmp_path, broker.plain, topic_prefix, urls, *options, **settings)
        trials.append(Trial(stack))
        await stack.start()
        return trials[-1]

    yield start
    for trial in trials:
        await trial.stack.close()
        note(request.node, f"caught up {trial.seconds:.1f} s after: {request.node.name}")
    for name in databases.values():
        await postgres.drop(name)
