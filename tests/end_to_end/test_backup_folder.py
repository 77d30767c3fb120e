"""Backup and restore of a running stack of processes: nothing that was answered before the backup is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from contracts import topics
from services.chassis.backup_keys import key_folder
from services.console.backup.making import backups
from services.console.books.reading import read_books
from testbed.payer_crowd import Crowd, orders
from testbed.processes import eventually, finished, module
from testbed.reckoning import all_settled
from testbed.running_stack import CONSOLE, START_DAY, NewStack

pytestmark = pytest.mark.processes

PAYMENTS = 240
STEPPED_BY_TIME = ("--clock", "stepped", "--from", START_DAY)
"""Without a seed: a payment that is made again after the restore has another id, so a second one would be seen."""


@pytest.mark.parametrize("payments", [PAYMENTS, pytest.param(8 * PAYMENTS, marks=pytest.mark.night)])
async def test_a_stack_restored_from_a_backup_made_while_payments_ran_goes_on(
    new_stack: NewStack, tmp_path: Path, payments: int
) -> None:
    to = tmp_path / "backups"
    stack = new_stack(*STEPPED_BY_TIME)
    await stack.start()
    wanted, crowd, part = await orders(stack, payments), Crowd(stack), payments // 3
    await crowd.pay(wanted[:part])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(crowd.pay(wanted[part : 2 * part]))
        await crowd.has_scanned(part + 1)
        answered = set(crowd.accepted.values())
        done = await finished(
            *module(CONSOLE, "backup", "create", "--database-dir", str(stack.data), "--to", str(to)), cwd=stack.cwd
        )
        assert done.status == 0, done.err
    await crowd.pay(wanted[2 * part :])
    await stack.kill()

    (backup,) = backups(to)
    again = tmp_path / "again"
    places = ("--into", str(again / "data"), "--database-dir", str(stack.data))
    done = await finished(*module(CONSOLE, "restore", str(backup), *places), cwd=stack.cwd)
    assert done.status == 0, done.err
    restored = (await read_books(again / "data"))[topics.PAYMENT_PROVIDER].payments
    assert answered <= {payment.payment_id for payment in restored} < set(crowd.accepted.values())

    second = new_stack(*STEPPED_BY_TIME, folder=again)
    await second.start()
    payers = Crowd(second)
    await payers.pay(wanted)
    await all_settled(second, payers, wanted)
    assert {payers.accepted[order] for order, known in crowd.accepted.items() if known in answered} == answered
    await second.stop()


async def test_a_stack_backs_itself_up_by_a_schedule_and_keeps_the_latest(new_stack: NewStack, tmp_path: Path) -> None:
    to = tmp_path / "backups"
    stack = new_stack(*STEPPED_BY_TIME, "--backup-every", "1s", "--backup-to", str(to), "--backup-keep", "2")
    await stack.start()

    async def three_were_made() -> bool:
        return stack.said.count("backed up: ") >= 3

    await eventually(three_were_made, "three backups")
    await stack.stop()
    made = backups(to)
    assert len(made) == 2
    done = await finished(
        *module(CONSOLE, "backup", "check", str(made[-1]), "--keys", str(key_folder(stack.data))), cwd=stack.cwd
    )
    assert (done.status, "complete and unchanged" in done.out) == (0, True)


async def test_a_log_elsewhere_is_not_backed_up_by_the_schedule(tmp_path: Path) -> None:
    up = module(CONSOLE, "up", "--backup-every", "1h", "--bus", f"embedded:{tmp_path}")
    done = await finished(*up, cwd=tmp_path)
    assert done.status == 2
    assert "the log is not in the data folder; leave --bus out" in " ".join(done.err.split())
