"""A stack of processes for a test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.running_stack import NewStack, Stack


@pytest.fixture
async def new_stack(tmp_path: Path) -> AsyncIterator[NewStack]:
    """Makes a stack with the options given; whatever becomes of the test, none of it outlives it."""
    made: list[Stack] = []

    def make(*options: str, folder: Path = tmp_path, cwd: Path | None = None, **settings: str) -> Stack:
        made.append(Stack(folder, *options, cwd=cwd, **settings))
        return made[-1]

    yield make
    for stack in made:
        await stack.close()
