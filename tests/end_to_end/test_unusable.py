"""What no retry mends: the party ends with one line, is left down, and everything that asks for it says why."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts import topics
from services.chassis.bus.port import Record
from services.chassis.bus.sqlite_log import SqliteLog
from testbed.processes import eventually
from testbed.running_stack import STEPPED, NewStack, Stack

pytestmark = pytest.mark.processes

WARD_ALONE = ("--without", "payment_provider", "--without", "jcb", "--without", "uc")
PAGE = 4096
LEFT_DOWN = "甲 ward cannot run and is left down: ward: "


async def test_a_stack_of_which_no_party_can_run_ends(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED, *WARD_ALONE)
    await stack.start()
    await stack.stop()
    with closing(sqlite3.connect(stack.data / "ward.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'ward_9999' WHERE version_num LIKE 'ward%'")
    await stack.start_unready()
    assert await stack.end() == 2
    (line,) = [line for line in stack.said.splitlines() if LEFT_DOWN in line]
    assert line.endswith("upgrade sansha")
    assert str(stack.data / "ward.db") in line
    assert "no party can run" in stack.said


async def test_a_party_that_waits_or_is_damaged_while_it_runs_is_shown_and_the_others_run(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED, "--without", "payment_provider", "--without", "jcb")
    await stack.start()
    before = await stack.pids()
    await an_event_is_set_aside(stack)
    opened = await stack.sansha("open")
    assert (opened.status, "1 events were set aside; see sansha dead-letters list" in opened.err) == (1, True)

    spoil_under_way(stack.data / "ward.db")
    await stack.sansha("slip", "issue", "--generate", "1")

    async def left_down() -> bool:
        return LEFT_DOWN in stack.said

    await eventually(left_down, "a ward that is left down")
    views = {view["principal"]: view for view in await stack.get(topics.CONSOLE, "/processes")}
    assert "is damaged" in views["ward"]["unusable"]
    assert (views["ward"]["pid"], views["ward"]["restarts"]) == (None, 0)
    assert (await stack.pids())["card_agent.uc"] == before["card_agent.uc"]
    (ward,) = [r for r in await stack.get(topics.CONSOLE, "/replicas") if r["principal"] == topics.WARD]
    assert (ward["status"], "is left down: ward: " in ward["problem"]) == (None, True)
    blocked = await stack.sansha("clock", "advance", "--days", "1", "--patience", "0.5")
    assert (blocked.status, "is left down" in blocked.err, "is damaged" in blocked.err) == (1, True, True)
    assert stack.said.count(LEFT_DOWN) == 1
    await stack.stop()


async def an_event_is_set_aside(stack: Stack) -> None:
    bus = SqliteLog(stack.data / "bus")
    await bus.produce([Record(topics.RECEIPTS.name, "key", b"{oh", ())])
    await bus.close()

    async def set_aside() -> bool:
        return bool((await stack.get(topics.WARD, "/ops/status"))["waiting"])

    await eventually(set_aside, "a dead letter")


def spoil_under_way(database: Path) -> None:
    """Overwrite all pages but the first. The commit makes the process read them again."""
    with closing(sqlite3.connect(database)) as connection:
        with connection:
            connection.execute("CREATE TABLE of_another_program (x)")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database.open("r+b") as pages:
        size = database.stat().st_size
        pages.seek(PAGE)
        pages.write(b"\xff" * (size - PAGE))
