"""`sansha demo --stack`: the same story on processes as in the sandbox, to the last id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts import topics
from testbed.processes import finished, module
from testbed.running_stack import CONSOLE, STEPPED, NewStack

pytestmark = pytest.mark.processes

STORY = ("--payments", "8", "--bank", "4", "--from", "2021-07-01", "--to", "2021-11-30", "--seed", "7")


async def in_the_sandbox(*options: str, cwd: Path) -> Any:
    done = await finished(*module(CONSOLE, "demo", *options, "--json"), cwd=cwd)
    assert done.status == 0, done.err
    return json.loads(done.out)


async def test_the_stack_tells_the_sandboxs_story_with_the_same_digest(new_stack: NewStack, tmp_path: Path) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    played = await stack.sansha_json("demo", "--stack", *STORY)
    expected = await in_the_sandbox(*STORY, cwd=tmp_path)
    assert played.pop("wall_seconds") > 0 < expected.pop("wall_seconds")
    assert played["digest"] == expected["digest"]
    assert played == expected

    again = await stack.sansha("demo", "--stack", *STORY)
    assert again.status == 2
    (line,) = again.err.strip().splitlines()
    assert "clock shows 2021-11-30" in line
    await stack.stop()


async def test_a_stack_that_would_tell_another_story_is_refused_in_one_line(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    for options, said in (
        (("--seed", "8"), "runs with seed 7, not 8; start a new stack with"),
        (("--from", "2021-04-01"), "clock shows 2021-07-01 00:00 already; start a new stack with"),
        (("--database-dir", "elsewhere"), "give either --stack or --database-dir"),
    ):
        done = await stack.sansha("demo", "--stack", *STORY, *options)
        assert done.status == 2
        (line,) = done.err.strip().splitlines()
        assert said in line

    slip = {"insured_number": "0000000001", "amount": 8_500, "due_on": "2021-08-02"}
    assert (await stack.post(topics.WARD, "/slips", slip)).status_code == 201
    done = await stack.sansha("demo", "--stack", *STORY)
    assert done.status == 2
    assert "the ward has issued slips already" in done.err
    await stack.stop()


async def test_a_stack_whose_clock_runs_by_itself_is_refused(new_stack: NewStack) -> None:
    stack = new_stack("--seed", "7")
    await stack.start()
    done = await stack.sansha("demo", "--stack", *STORY)
    assert done.status == 2
    (line,) = done.err.strip().splitlines()
    assert "the stack's clock runs by itself" in line
    await stack.stop()
