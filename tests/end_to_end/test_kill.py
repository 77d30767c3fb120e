"""kill -9 of any process in the middle of many payments: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from contracts import topics
from testbed.payer_crowd import Crowd, orders
from testbed.reckoning import all_settled
from testbed.running_stack import STEPPED, NewStack, Stack

pytestmark = pytest.mark.processes

PAYMENTS = 1_000
KILLED_AT = (0.3, 0.6)
"""Which parts of the payments are scanned then."""


async def kill_party(stack: Stack, principal: str) -> None:
    """The supervisor must restart it."""
    pid = (await stack.pids())[principal]
    os.kill(pid, signal.SIGKILL)
    await stack.restarted(principal, before=pid)
    assert f"ended ({signal.SIGKILL.name}); starting it again" in stack.said


async def kill_supervisor(stack: Stack, _console: str) -> None:
    """Kill the supervisor, and start it again over the same folder."""
    await stack.kill()
    await stack.start()


@pytest.mark.parametrize("payments", [PAYMENTS // 3, pytest.param(PAYMENTS, marks=pytest.mark.night)])
@pytest.mark.parametrize("principal", topics.PRINCIPALS)
async def test_a_killed_process_loses_nothing_and_does_nothing_twice(
    new_stack: NewStack, principal: str, payments: int
) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    wanted, crowd = await orders(stack, payments), Crowd(stack)
    kill = kill_supervisor if principal == topics.CONSOLE else kill_party
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(crowd.pay(wanted))
        for part in KILLED_AT:
            await crowd.has_scanned(int(part * payments))
            await kill(stack, principal)
    await all_settled(stack, crowd, wanted)
    await stack.stop()
