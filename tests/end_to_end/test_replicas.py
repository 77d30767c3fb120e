"""Several processes of one party: each follows the clock, an advance waits for each, and the work is shared."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest

from contracts import topics
from services.console.books.digest import digest
from services.console.books.reading import read_books, stack_books
from services.console.payers.paying import expect
from services.console.payers.plan import ByCard
from services.console.stack.addresses import PORTS_PER_REPLICA
from services.console.stack.channels import payers_at
from services.console.stack.clients import StackClient
from services.console.stack.slips import issue_generated
from testbed.processes import eventually
from testbed.running_stack import STEPPED, NewStack, Stack

pytestmark = pytest.mark.processes

TWO_WARDS = (*STEPPED, "--replicas", "ward=2")
CARD = "4000000000000002"


def second(stack: Stack, principal: str) -> str:
    """The address of the second process of a party."""
    return f"127.0.0.1:{stack.port(principal) + PORTS_PER_REPLICA}"


async def replica_at(stack: Stack, address: str) -> dict[str, Any]:
    """The status of the second process; empty if it does not answer."""
    found = {r["address"]: r["status"] or {} for r in await stack.get(topics.CONSOLE, "/replicas")}
    return dict(found[address])


async def both_answer(stack: Stack, principal: str) -> None:
    async def answers() -> bool:
        return bool(await replica_at(stack, second(stack, principal)))

    await eventually(answers, f"the second process of {principal}")


async def pid_at(stack: Stack, address: str) -> int:
    views = await stack.get(topics.CONSOLE, "/processes")
    return next(int(v["pid"]) for v in views if address.endswith(f":{v['port']}"))


async def pay_some(stack: Stack, payments: int) -> None:
    async with StackClient(stack.port_base) as client:
        await issue_generated(client, 1, 2021, 7)
        payers = payers_at(client)
        for slip in await client.get(topics.WARD, "/slips", limit=payments):
            expect(await payers.pay_barcode(slip["barcode"], ByCard(CARD), "payer", slip["barcode"]))


async def test_two_processes_of_each_party_do_the_work_of_one(new_stack: NewStack) -> None:
    several = [option for name in ("ward", "payment_provider", "uc") for option in ("--replicas", f"{name}=2")]
    stack = new_stack(*STEPPED, *several)
    await stack.start()
    await asyncio.gather(*(both_answer(stack, p) for p in (topics.WARD, topics.PAYMENT_PROVIDER, "card_agent.uc")))
    await pay_some(stack, payments=4)
    answer = await stack.advance("2021-08-25")
    assert answer.status_code == 200, answer.text
    audit = await stack.audit()
    assert (audit.findings, audit.receipts_registered, audit.undeposited_yen) == ((), 4, 0)
    await stack.stop()


async def test_a_replica_that_hangs_blocks_the_clock_and_is_named(new_stack: NewStack) -> None:
    stack = new_stack(*TWO_WARDS)
    await stack.start()
    await both_answer(stack, topics.WARD)
    hanging = second(stack, topics.WARD)
    pid = await pid_at(stack, hanging)
    async with AsyncExitStack() as afterwards:
        os.kill(pid, signal.SIGSTOP)
        afterwards.callback(os.kill, pid, signal.SIGCONT)
        answer = await stack.advance("2021-07-02", patience_seconds=1.0)
        assert answer.json()["code"] == "clock_blocked"
        assert f"ward does not answer at {hanging}" in answer.json()["detail"]
        assert f"at 127.0.0.1:{stack.port(topics.WARD)}" not in answer.json()["detail"]
    assert (await stack.advance("2021-07-02")).status_code == 200
    at = datetime.fromisoformat("2021-07-02T00:00:00+09:00")
    assert datetime.fromisoformat((await replica_at(stack, hanging))["now"]) == at
    await stack.stop()


async def test_a_replica_that_joins_late_has_the_time_when_it_first_answers(new_stack: NewStack) -> None:
    stack = new_stack(*TWO_WARDS)
    await stack.start()
    await both_answer(stack, topics.WARD)
    late = second(stack, topics.WARD)
    before = await pid_at(stack, late)
    assert (await stack.advance("2021-07-20")).status_code == 200
    os.kill(before, signal.SIGKILL)

    async def another() -> bool:
        return await pid_at(stack, late) != before

    await eventually(another, "a new process")
    first_answer = await eventually(lambda: _unless_empty(stack, late), "its first answer")
    assert datetime.fromisoformat(first_answer["now"]) == datetime.fromisoformat("2021-07-20T00:00:00+09:00")
    await stack.stop()


async def _unless_empty(stack: Stack, address: str) -> dict[str, Any] | None:
    return await replica_at(stack, address) or None


async def test_an_audit_of_the_running_stack_finds_what_one_of_the_folder_finds(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    await pay_some(stack, payments=3)
    assert (await stack.advance("2021-07-10")).status_code == 200
    asked = await stack.sansha("audit", "--stack", "--json")
    assert asked.status == 0, asked.err
    document = json.loads(asked.out)
    audit = await stack.audit()
    assert document["receipts_registered"] == audit.receipts_registered == 3
    assert document["receipts_yen"] == audit.receipts_yen
    assert document["findings"] == list(audit.findings) == []
    async with StackClient(stack.port_base) as client:
        assert digest(await stack_books(client)) == digest(await read_books(stack.data))
    await stack.stop()


async def test_an_audit_of_a_stack_that_is_not_there_says_so_in_one_line(new_stack: NewStack) -> None:
    done = await new_stack(*STEPPED).sansha("audit", "--stack")
    assert done.status == 2
    (line,) = done.err.strip().splitlines()
    assert "does not answer" in line


@pytest.mark.parametrize("wrong", ["ward", "ward=0", "ward=x", "bank=2"])
async def test_a_number_of_replicas_that_cannot_be_is_refused_in_one_line(new_stack: NewStack, wrong: str) -> None:
    stack = new_stack(*STEPPED, "--replicas", wrong)
    await stack.start_unready()
    assert await stack.end() == 2
    (line,) = stack.said.splitlines()
    assert wrong.partition("=")[0] in line
