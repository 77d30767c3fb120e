"""Backup and restore (docs/operations.md), tried out: a restored database is older than the topics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contracts import topics
from contracts.parties import PARTIES
from testbed.broker import Broker
from testbed.payer_crowd import Crowd, orders
from testbed.postgres import PostgresServer
from testbed.real_stack import RealStack
from testbed.reckoning import all_settled

pytestmark = [pytest.mark.stack, pytest.mark.processes]

PAYMENTS = 60
BEFORE = PAYMENTS // 3
"""Slips paid before the backup begins; the others are paid during the backup."""
THE_DAY_AFTER, THE_DAY_AFTER_THAT = "2021-07-02", "2021-07-03"
ALL_CLOSED = "2021-08-05"
GROUPS_TOOL = "/opt/kafka/bin/kafka-consumer-groups.sh"


@dataclass
class Operator:
    """What an operator does with one party's database and consumer group, by the tools in the containers."""

    postgres: PostgresServer
    broker: Broker
    topic_prefix: str
    databases: dict[str, str]

    async def back_up(self, principal: str) -> None:
        """Back up the database. Other processes may write meanwhile."""
        name = self.databases[principal]
        await self._in_postgres("pg_dump", "--format", "custom", "--file", _dump_of(name), name)

    async def lose(self, principal: str) -> None:
        await self.postgres.drop(self.databases[principal])

    async def restore(self, principal: str) -> None:
        """Go back to the backup, and have the topics delivered from the start. The party must be stopped."""
        into = ("--dbname", "test", "--clean", "--create", "--if-exists", "--exit-on-error")
        await self._in_postgres("pg_restore", *into, _dump_of(self.databases[principal]))
        at = f"127.0.0.1:{self.broker.plain.rpartition(':')[2]}"
        group = ("--bootstrap-server", at, "--group", f"{self.topic_prefix}{principal}", "--all-topics")
        await _run(self.broker.container, GROUPS_TOOL, *group, *_TO_EARLIEST)

    async def rows(self, principal: str, table: str) -> int:
        import asyncpg

        connection = await asyncpg.connect(self.postgres.url(self.databases[principal]))
        try:
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))
        finally:
            await connection.close()

    async def _in_postgres(self, tool: str, *arguments: str) -> None:
        await _run(self.postgres.container, tool, "--username", "test", *arguments)


_TO_EARLIEST = ("--reset-offsets", "--to-earliest", "--execute")


def _dump_of(database: str) -> str:
    return f"/tmp/{database}.dump"  # in the container, removed with it


async def _run(container: Any, *command: str) -> None:
    done = await asyncio.to_thread(container.exec_run, list(command))
    assert done.exit_code == 0, done.output.decode()


@pytest.fixture
async def operator(broker: Broker, topic_prefix: str, postgres: PostgresServer) -> AsyncIterator[Operator]:
    databases = {principal: await postgres.make_database(principal) for principal in PARTIES}
    yield Operator(postgres, broker, topic_prefix, databases)
    for name in databases.values():
        await postgres.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
async def stack(tmp_path: Path, operator: Operator) -> AsyncIterator[RealStack]:
    urls = {principal: operator.postgres.url(name) for principal, name in operator.databases.items()}
    stack = RealStack(tmp_path, operator.broker.plain, operator.topic_prefix, urls)
    await stack.start()
    yield stack
    await stack.close()


async def test_a_ward_restored_from_an_older_backup_learns_the_rest_from_the_topics(
    stack: RealStack, operator: Operator
) -> None:
    crowd, wanted = Crowd(stack), await orders(stack, PAYMENTS)
    await crowd.pay(wanted[:BEFORE])
    await stack.caught_up()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(crowd.pay(wanted[BEFORE:]))
        await crowd.has_scanned(BEFORE + 1)
        await operator.back_up(topics.WARD)
    assert (await stack.advance(ALL_CLOSED)).status_code == 200
    had = await _records(operator)
    await stack.stop()

    await operator.lose(topics.WARD)
    await operator.restore(topics.WARD)
    restored = await _records(operator)
    assert all(older < newer for older, newer in zip(restored, had, strict=True)), (restored, had)
    await stack.start()
    await stack.caught_up()

    assert await _records(operator) == had
    assert await stack.duplicates(topics.WARD) >= restored[0] > 0
    await all_settled(stack, crowd, wanted)
    await stack.stop()


async def _records(operator: Operator) -> Sequence[int]:
    return [await operator.rows(topics.WARD, table) for table in ("receipts", "statements", "deposits")]


async def test_what_a_restored_provider_was_asked_since_its_backup_is_named_by_the_audit(
    stack: RealStack, operator: Operator
) -> None:
    crowd, wanted = Crowd(stack), await orders(stack, PAYMENTS)
    early, late = wanted[:BEFORE], wanted[BEFORE:]
    await crowd.pay(early)
    assert (await stack.advance(THE_DAY_AFTER)).status_code == 200
    await operator.back_up(topics.PAYMENT_PROVIDER)
    await crowd.pay(late)
    assert (await stack.advance(THE_DAY_AFTER_THAT)).status_code == 200
    assert (await stack.audit()).findings == ()
    await stack.stop()

    await operator.lose(topics.PAYMENT_PROVIDER)
    await operator.restore(topics.PAYMENT_PROVIDER)
    await stack.start()
    await stack.caught_up()

    findings = (await stack.audit()).findings
    assert {f.subject for f in findings} == {crowd.accepted[order] for order in late if order.is_good}
    assert {f.code for f in findings} == {"receipt_invented", "receipt_without_payment", "receipt_without_promise"}
    set_aside = {letter["value"]["payment_id"] for letter in await stack.dead_letters()}
    assert set_aside == {crowd.accepted[order] for order in late}, "events about them are set aside for an operator"
    await stack.stop()
