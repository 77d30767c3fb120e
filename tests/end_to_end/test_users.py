"""The users of a stack: made at its first start, found by its commands, changed while it runs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import httpx
import pytest

from contracts import topics
from contracts.parties import PARTIES, PRINCIPALS
from services.console.stack.credentials import key_file, key_for, users_file
from testbed.processes import finished, module
from testbed.running_stack import CONSOLE, STEPPED, NewStack, Stack

pytestmark = pytest.mark.processes


async def status(stack: Stack, principal: str, path: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient() as http:
        return (await http.get(stack.url(principal) + path, headers=headers)).status_code


async def test_users_are_made_at_the_first_start_and_changed_while_it_runs(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    files = [*(users_file(stack.data, p) for p in PRINCIPALS), *stack.data.glob("access/*.key")]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert files[0].parent.stat().st_mode & 0o777 == 0o700
    app = key_file(stack.data, "app").read_text().strip()
    asked = [
        (topics.WARD, "/slips", "", 401),
        (topics.WARD, "/slips", app, 401),
        (topics.WARD, "/slips", stack.key, 200),
        (topics.PAYMENT_PROVIDER, "/card-agents", app, 200),
        (topics.PAYMENT_PROVIDER, "/ops/books", app, 403),
        (topics.CONSOLE, "/clock", "", 401),
        (topics.CONSOLE, "/clock", stack.key, 200),
        (topics.CONSOLE, "/health/ready", "", 200),
    ]
    assert [await status(stack, *one[:3]) for one in asked] == [one[3] for one in asked]

    assert (await stack.sansha("slip", "list")).status == 0
    data = ("--database-dir", str(stack.data))
    added = await finished(
        *module(CONSOLE, "users", "add", "batch", "--role", "auditor", "--purpose", "監査", *data), cwd=stack.cwd
    )
    key = added.out.strip()
    assert await status(stack, topics.WARD, "/ops/books", key) == 200
    assert await status(stack, topics.WARD, "/slips", key) == 403
    removed = await finished(*module(CONSOLE, "users", "remove", "batch", *data), cwd=stack.cwd)
    assert removed.status == 0
    assert await status(stack, topics.WARD, "/ops/books", key) == 401

    keys = [path.read_text() for path in files]
    await stack.stop()
    await stack.start()
    assert [path.read_text() for path in files] == keys, "a restart changes no user"
    await stack.stop()
    assert key_for(stack.port_base, {}) == "", "the key of a stack that has stopped is not found"


async def test_a_wrong_key_is_said_in_one_line(new_stack: NewStack, tmp_path: Path) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    command = module(CONSOLE, "slip", "list", "--port-base", str(stack.port_base))
    done = await finished(*command, cwd=tmp_path, SANSHA_KEY="0" * 32)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("sansha: not_admitted: ")
    assert done.err.rstrip().endswith("access/operator.key")
    assert len(done.err.splitlines()) == 1
    await stack.stop()


async def test_who_saw_what_is_recorded_and_a_change_is_found_offline(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    person = ("--insured", "0000000123")
    assert (await stack.sansha("slip", "issue", *person, "--amount", "8500", "--due", "2021-08-02")).status == 0
    assert (await stack.sansha("slip", "list")).status == 0
    (entry,) = await stack.sansha_json("access", "log", "--whose", "insured:0000000123")
    assert (entry["user"], entry["what"]) == ("operator", "GET /slips")
    assert entry["why"] == "シミュレーションの操作 (operating the simulation)"
    shown = await stack.sansha("access", "log", "--user", "operator")
    assert "insured" in shown.out
    saved = stack.cwd / "ward.jsonl"
    assert (await stack.sansha("clock", "advance", "--days", "1")).status == 0
    assert (await stack.sansha("access", "log", "--save", str(saved))).status == 0
    (checkpoint,) = await stack.sansha_json("access", "checkpoints")
    assert (checkpoint["number"], checkpoint["held_by"]) == (3, [p for p in PARTIES if p != topics.WARD])
    held = stack.cwd / "ward.checkpoints.jsonl"
    assert (await stack.sansha("access", "checkpoints", "--save", str(held))).status == 0
    await stack.stop()

    verify = module(CONSOLE, "access", "verify")
    whole = await finished(*verify, "--database-dir", str(stack.data), cwd=stack.cwd)
    assert (whole.status, whole.err) == (0, "")
    assert whole.out.splitlines()[0] == "甲 ward  4 entries, checkpoints: 1  改ざんなし as written"
    with sqlite3.connect(stack.data / "ward.db") as ward:
        ward.execute("DELETE FROM access_log WHERE number = 2")
    changed = await finished(*verify, "--database-dir", str(stack.data), cwd=stack.cwd)
    assert changed.status == 1
    assert "entry 2 is missing or was moved" in changed.out
    with_held = (str(saved), "--checkpoints", str(held))
    assert (await finished(*verify, *with_held, cwd=stack.cwd)).status == 0
    cut = saved.with_name("cut.jsonl")
    cut.write_text("".join(saved.read_text().splitlines(keepends=True)[:2]))
    assert (await finished(*verify, str(cut), cwd=stack.cwd)).status == 0, "without what others hold it looks whole"
    found = await finished(*verify, str(cut), *with_held[1:], cwd=stack.cwd)
    assert (found.status, "entry 3, of which other parties hold a checkpoint, is missing" in found.out) == (1, True)
    saved.write_text(saved.read_text().replace("0000000123", "0000000124"))
    assert (await finished(*verify, str(saved), cwd=stack.cwd)).status == 1
    saved.write_text("{}")
    damaged = await finished(*verify, str(saved), cwd=stack.cwd)
    assert (damaged.status, len(damaged.err.splitlines())) == (2, 1)


async def test_open_says_so_and_asks_nobody(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED, "--open")
    await stack.start()
    assert "open: anybody on this machine may see and do everything" in stack.said
    assert await status(stack, topics.WARD, "/ops/books") == 200
    assert await status(stack, topics.CONSOLE, "/clock") == 200
    await stack.stop()
