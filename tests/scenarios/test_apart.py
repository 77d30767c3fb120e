"""甲 in a process of its own: the same story, and an end of that process is said."""

from __future__ import annotations

import os
import signal
from datetime import time

import pytest

from contracts.vocabulary import on_the_clock
from services.console.demo.year import DemoOptions, DemoResult, assess_all, opened_sandbox, play
from services.console.sandbox.apart import ROWS_AT_ONCE, WardProcessFailed, opened_apart
from services.console.sandbox.payers import Payers, SandboxScene

OPTIONS = DemoOptions(cards=60, banks=40, seed=11)
START = on_the_clock(OPTIONS.first_day, time(0))


async def in_one_process() -> DemoResult:
    async with opened_sandbox(OPTIONS) as sandbox:
        return await play(SandboxScene(sandbox, Payers(sandbox)), OPTIONS, began=0.0)


async def test_the_story_is_the_same_to_the_last_id_wherever_the_ward_is() -> None:
    async with opened_apart(START, OPTIONS.seed) as scene:
        apart = await play(scene, OPTIONS, began=0.0)
    together = await in_one_process()
    assert apart.digest == together.digest
    assert apart.stories == together.stories
    assert apart.deposits == together.deposits
    assert (apart.audit, apart.open_items) == (together.audit, together.open_items)
    assert apart.reconciled


async def test_a_long_answer_comes_whole_and_in_order() -> None:
    async with opened_apart(START, 1) as scene:
        await assess_all(scene, 1, 1_200, OPTIONS.first_day.year)
        numbers = [slip.slip_number for slip in await scene.slips(limit=1_200 * 9)]
    assert len(numbers) == 1_200 * 9 > 2 * ROWS_AT_ONCE
    assert numbers == sorted(set(numbers))


async def test_what_the_ward_cannot_do_is_said() -> None:
    async with opened_apart(START, 1) as scene:
        with pytest.raises(WardProcessFailed, match=r"AttributeError.*levy_everything"):
            scene.far.asked("levy_everything")()


async def test_a_process_that_was_ended_from_outside_is_said_and_leaves_nobody_behind() -> None:
    async with opened_apart(START, 1) as scene:
        os.kill(scene.far.process_id, signal.SIGKILL)
        with pytest.raises(WardProcessFailed, match="ended from outside"):
            await scene.slips(limit=1)
