"""`sansha terminal`: a stack whose receipt files are fetched over TLS by the ward's terminal, from the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts import topics
from testbed.processes import Finished, eventually, finished, free_port_base, module
from testbed.running_stack import CONSOLE, STEPPED, NewStack, Stack
from tests.end_to_end.test_stack import advanced, issue, pay_by_bank, pay_by_card

pytestmark = pytest.mark.processes

OK, NOT_ALL, BAD_INPUT = 0, 1, 2


async def trial_keys(folder: Path) -> Mapping[str, str]:
    """The variables that `sansha terminal certificates` prints."""
    command = module(CONSOLE, "terminal", "certificates", str(folder / "keys"), "--port", str(free_port_base()))
    done = await finished(*command, cwd=folder)
    assert done.status == OK, done.err
    lines = [line.removeprefix("export ").partition("=") for line in done.out.splitlines()]
    return {name: value for name, _, value in lines}


async def terminal(stack: Stack, keys: Mapping[str, str], *arguments: str) -> Finished:
    folder = {"SANSHA_WARD_TERMINAL_FOLDER": str(stack.data / "terminal")}
    command = module(CONSOLE, "terminal", *arguments, "--port-base", str(stack.port_base))
    return await finished(*command, cwd=stack.cwd, **{**keys, **folder})


async def pulled(stack: Stack, keys: Mapping[str, str], status: int, *arguments: str) -> list[Any]:
    done = await terminal(stack, keys, "pull", "--json", *arguments)
    assert done.status == status, done.err
    return list(json.loads(done.out))


async def test_receipts_arrive_by_file_over_tls_from_the_command_line(new_stack: NewStack, tmp_path: Path) -> None:
    keys = await trial_keys(tmp_path)
    stack = new_stack(*STEPPED, SANSHA_WARD_RECEIPTS_ARRIVE_BY="files", **keys)
    await stack.start()
    first, second, *_ = await issue(stack)
    await advanced(stack, "2021-07-02T10:00:00+09:00")
    paid = {await pay_by_card(stack, first), await pay_by_bank(stack, second)}
    await advanced(stack, "2021-07-03T09:30:00+09:00")
    assert [r.payment_id for r in (await stack.books())[topics.WARD].receipts] == []

    (waiting,) = await pulled(stack, keys, NOT_ALL)
    assert waiting["outcome"] == "receipt_file_on_the_line"
    assert waiting["arrives_at"].startswith("2021-07-03T00:30:01")
    await advanced(stack, "2021-07-03T09:31:00+09:00")
    (done,) = await pulled(stack, keys, OK)
    assert (done["name"], done["outcome"], done["records"], done["new"]) == ("SHUNO20210702.txt", "registered", 2, 2)
    assert await pulled(stack, keys, OK) == []
    assert {r.payment_id for r in (await stack.books())[topics.WARD].receipts} == paid
    assert list((stack.data / "terminal").iterdir()) == []

    steps = (await terminal(stack, keys, "steps")).out
    assert [line.split()[2] for line in steps.splitlines()][-3:] == ["registered", "deleted", "logged_in"]
    assert "2 records" in (await terminal(stack, keys, "files")).out
    assert "file SHUNO20210702.txt  admitted" in (await terminal(stack, keys, "accesses")).out


async def test_a_terminal_without_the_right_password_or_without_keys_says_so_in_one_line(
    new_stack: NewStack, tmp_path: Path
) -> None:
    keys = await trial_keys(tmp_path)
    stack = new_stack(*STEPPED, **keys)
    await stack.start()
    wrong = await terminal(stack, {**keys, "SANSHA_TERMINAL_PASSWORD": "wrong"}, "pull")
    assert wrong.status == BAD_INPUT
    assert "terminal_not_admitted" in wrong.err
    without = await terminal(stack, {}, "pull")
    assert (without.status, without.err.count("\n")) == (BAD_INPUT, 1)
    assert "SANSHA_WARD_TERMINAL_URL, SANSHA_WARD_TERMINAL_CA_FILE" in without.err
    accesses = await stack.get(topics.PAYMENT_PROVIDER, "/terminal-accesses")
    assert [a["outcome"] for a in accesses] == ["wrong_user_or_password"]


async def test_a_running_clock_is_waited_for(new_stack: NewStack, tmp_path: Path) -> None:
    keys = await trial_keys(tmp_path)
    round_the_clock = {"SANSHA_WARD_ISDN_OPENS": "00:00", "SANSHA_WARD_ISDN_CLOSES": "23:59:59"}
    slow = {"SANSHA_WARD_ISDN_BYTES_PER_SECOND": "1", "SANSHA_PAYMENT_PROVIDER_TERMINAL_SESSION_MINUTES": "1440"}
    settings = {**round_the_clock, **slow, **keys}
    stack = new_stack("--clock", "scaled:14400", "--from", "2021-07-01", "--seed", "7", **settings)
    await stack.start()
    first, *_ = await issue(stack)
    await pay_by_bank(stack, first)
    fetched: list[Any] = []

    async def something_is_fetched() -> bool:
        fetched.extend(await pulled(stack, keys, OK))
        return bool(fetched)

    await eventually(something_is_fetched, "a receipt file")
    assert fetched[0]["outcome"] == "registered"


async def test_certificates_are_made_in_a_new_folder_alone(tmp_path: Path) -> None:
    keys = await trial_keys(tmp_path)
    assert all(Path(v).is_file() for k, v in keys.items() if k.endswith("_FILE"))  # noqa: ASYNC240
    again = await finished(*module(CONSOLE, "terminal", "certificates", str(tmp_path / "keys")), cwd=tmp_path)
    assert again.status == BAD_INPUT
    assert "name a new folder" in again.err
