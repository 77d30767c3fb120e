"""Faults of a stack on Kafka and PostgreSQL while payers pay. Afterwards all is caught up, nothing is lost or doubled,
and the books are right to the yen. The end of the run shows how long catching up took."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from contracts import topics
from contracts.parties import PARTIES
from services.chassis.clock import pause
from testbed.postgres import running_postgres
from testbed.processes import eventually
from testbed.real_stack import EARLY, SESSION_SECONDS, NewTrial, variable
from tests.end_to_end.small_disk import small_disk

pytestmark = [pytest.mark.stack, pytest.mark.processes]


async def test_a_party_killed_in_mid_batch(new_trial: NewTrial) -> None:
    trial = await new_trial()
    async with trial.under_load(parts=len(PARTIES)) as load:
        for principal in PARTIES:
            pid = (await trial.stack.pids())[principal]
            async with trial.stack.batch_held(principal):
                os.kill(pid, signal.SIGKILL)
            await trial.stack.restarted(principal, before=pid)
            if load.waiting:
                load.next_part()


async def test_one_of_two_replicas_killed_and_the_other_stopped_for_longer_than_its_session(
    new_trial: NewTrial,
) -> None:
    two = ("--replicas", "ward=2", "--replicas", "payment_provider=2")
    trial = await new_trial(*two)
    async with trial.under_load(parts=3) as load:
        for principal in (topics.WARD, topics.PAYMENT_PROVIDER):
            first, _ = await trial.stack.replica_pids(principal)
            async with trial.stack.batch_held(principal):
                os.kill(first, signal.SIGKILL)
            load.next_part()
        _, second = await trial.stack.replica_pids(topics.WARD)
        os.kill(second, signal.SIGSTOP)
        await pause(2 * SESSION_SECONDS)
        os.kill(second, signal.SIGCONT)


async def test_postgresql_restarted(new_trial: NewTrial) -> None:
    with running_postgres() as server:
        urls = {variable(p, "DATABASE_URL"): server.url(await server.make_database(p)) for p in PARTIES}
        trial = await new_trial(**urls)
        async with trial.under_load() as load:
            await load.crowd.has_scanned(EARLY)
            await asyncio.to_thread(server.restart)
        await trial.stack.close()


@pytest.mark.parametrize("seconds", [3 * SESSION_SECONDS, pytest.param(66, marks=pytest.mark.night)])
async def test_a_batch_that_takes_longer_than_the_session_timeout(new_trial: NewTrial, seconds: int) -> None:
    trial = await new_trial()
    before = await trial.stack.pids()
    async with trial.under_load() as load:
        await load.crowd.has_scanned(EARLY)
        async with trial.stack.batch_held(topics.WARD):
            await pause(seconds)
    assert "another member" not in trial.stack.log_of(topics.WARD), "the ward held its partitions"
    repeated = await trial.stack.repeated_to(topics.WARD)
    assert await trial.stack.duplicates(topics.WARD) == repeated, trial.stack.warnings_of(topics.WARD)
    assert await trial.stack.pids() == before


async def test_a_sender_that_dies_between_sending_and_deleting_sends_twice(new_trial: NewTrial) -> None:
    dies = {variable(topics.PAYMENT_PROVIDER, "CRASH_AT"): "outbox.sent:20"}
    trial = await new_trial(**dies)
    first = (await trial.stack.pids())[topics.PAYMENT_PROVIDER]
    async with trial.under_load():
        await trial.stack.restarted(topics.PAYMENT_PROVIDER, before=first)
    assert await trial.stack.sent_twice(topics.PAYMENT_PROVIDER) > 0


async def test_the_disk_of_a_database_full_and_freed(new_trial: NewTrial) -> None:
    with small_disk() as disk:
        await disk.is_ready()
        trial = await new_trial(**{variable(topics.WARD, "DATABASE_URL"): disk.database_url})
        async with trial.under_load() as load:
            await load.crowd.has_scanned(EARLY)
            disk.fill()
            await eventually(disk.was_hit, "a database that has no space left")
            disk.free()
        await trial.stack.close()
