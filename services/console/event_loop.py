"""Runs a coroutine to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def run_to_end(work: Coroutine[Any, Any, Answer]) -> Answer:
    """`asyncio.run` for a large result, which is not left in the main task.

    At its end asyncio formats that task, and a whole result with it, as it looks up the handler of SIGINT.
    """
    answers: list[Answer] = []

    async def keep_answer() -> None:
        answers.append(await work)

    asyncio.run(keep_answer())
    return answers[0]
