"""消去 in a running stack of processes: replicas, a backup made before, the commands, the certificate on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts import topics
from contracts.duties.duty import CONTRACTORS
from services.chassis.backup_keys import key_folder
from services.console.backup.making import back_up
from testbed.processes import finished, module
from testbed.running_stack import CONSOLE, NewStack, Stack
from tests.scenarios.searched import found_in_files

pytestmark = [pytest.mark.processes, pytest.mark.night]

IN_MARCH = ("--clock", "stepped", "--from", "2022-03-14", "--seed", "7", "--sealed")


async def paid(stack: Stack, insured: str, *how: str) -> tuple[str, ...]:
    """The slip's numbers."""
    due = ("--amount", "8500", "--due", "2022-04-30")
    assert (await stack.sansha("slip", "issue", "--insured", insured, *due)).status == 0
    (slip,) = [one for one in await stack.sansha_json("slip", "list") if one["insured_number"] == insured]
    done = await stack.sansha("pay", slip["barcode"], *how)
    assert done.status == 0, done.err
    return insured, slip["slip_number"], slip["barcode"]


async def test_replicas_erase_once_and_neither_files_nor_an_older_backup_lead_to_a_person(
    new_stack: NewStack, tmp_path: Path
) -> None:
    stack = new_stack(*IN_MARCH, "--replicas", "payment_provider=2")
    await stack.start()
    numbers = {*await paid(stack, "0000000101", "--card", "visa/approved"), *await paid(stack, "0000000102", "--bank")}
    assert (await stack.sansha("clock", "advance", "--to", "2022-06-29")).status == 0
    due = await stack.sansha_json("duties", "erasures")
    assert [(party, [e["due_on"] for e in due[party]]) for party in due] == [
        (party, ["2022-06-30"] if party != "card_agent.jcb" else []) for party in CONTRACTORS
    ]
    assert set(found_in_files(stack.data, numbers, of="payment_provider")) == numbers
    backup, keys = back_up(stack.data, tmp_path / "backups", key_folder(stack.data)), key_folder(stack.data)
    check = module(CONSOLE, "backup", "check", str(backup), "--keys", str(keys))
    assert (await finished(*check, cwd=stack.cwd)).status == 0

    assert (await stack.sansha("clock", "advance", "--to", "2022-07-04")).status == 0
    erased = await stack.sansha_json("duties", "erasures")
    (of_provider,) = erased["payment_provider"]
    assert (of_provider["kinds"]["支払"], of_provider["kept"], of_provider["certificates"]) == (2, [], 1)
    for party in CONTRACTORS:
        assert found_in_files(stack.data, numbers, of=party) == {}, party
    gone = await finished(*check, cwd=stack.cwd)
    assert gone.status != 0
    assert "was destroyed at" in gone.err
    await _certified_and_accepted(stack)
    shown = await stack.sansha("duties", "erasures", "--party", "payment_provider")
    assert "消去済 erased" in shown.out
    nothing = await stack.sansha("duties", "erase", "--party", "payment_provider")
    assert (nothing.status, "nothing_to_erase" in nothing.err) == (2, True)
    ended = await stack.sansha("duties", "erase", "--party", "payment_provider", "--end-of-contract")
    assert (ended.status, "data until 2022-07-04" in ended.out) == (0, True)
    assert (await stack.sansha("duties", "erase", "--party", "ward")).status == 2
    await stack.stop()
    assert (await stack.audited()).status == 0


async def _certified_and_accepted(stack: Stack) -> None:
    records: list[dict[str, Any]] = await stack.get(topics.WARD, "/duties/records")
    checked = [record for record in records if record["kind"] == "erasure_checked"]
    assert sorted((r["contractor"], r["holds"]) for r in checked) == [
        ("card_agent.uc", True),
        ("payment_provider", True),
    ]
