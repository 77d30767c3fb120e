"""`sansha duties` at a running stack whose staff keep their duties, and in its folder afterwards."""

from __future__ import annotations

import json
import shutil

from rich.cells import cell_len

from contracts.duties.duty import CONTRACTORS
from testbed.processes import finished, module
from testbed.running_stack import CONSOLE, NewStack, Stack

FROM_MAY = ("--clock", "stepped", "--from", "2021-05-31", "--seed", "7", "--sealed")
COLUMNS = 80


async def test_an_inspection_finds_what_was_planted_and_is_recorded_once(new_stack: NewStack) -> None:
    stack = new_stack(*FROM_MAY)
    await stack.start()
    assert (
        await stack.sansha("slip", "issue", "--insured", "0000000123", "--amount", "8500", "--due", "2021-08-02")
    ).status == 0
    assert (await stack.sansha("clock", "advance", "--to", "2021-06-02")).status == 0
    backed_up = module(CONSOLE, "backup", "create", "--database-dir", str(stack.data))
    assert (await finished(*backed_up, cwd=stack.cwd)).status == 0
    duties = module(CONSOLE, "duties", "--port-base", str(stack.port_base))
    kept = await finished(*duties, cwd=stack.cwd, COLUMNS=str(COLUMNS))
    assert (kept.status, kept.err) == (0, "")
    assert kept.out.startswith("個人情報の保護 2021-06-02: 52 duties, none missed 未履行なし\n")
    assert {line for line in kept.out.splitlines() if cell_len(line) > COLUMNS} == set()
    lines = {line.split()[0]: line for line in kept.out.splitlines() if line[:1] in "ABCD" and "-" in line[:3]}
    assert len(lines) == 52
    for number in ("A-S2", "A-S7", "A-S8", "C-O2", "C-S7", "D-3", "D-4", "D-7", "D-9", "D-13", "D-18"):
        assert "履行済 fulfilled" in lines[number], number
    assert "期限前 due 2022-03-31" in lines["D-16"]
    assert "未確認 unchecked" in lines["A-S1"], "a stack of one machine has no line"

    shutil.copy(stack.data / "payment_provider.db", stack.data / "logs" / "payment_provider-for-later")
    audited = await stack.sansha("duties", "audit", "--by", "介護保険課 検査係", "--json")
    assert audited.status == 1, audited.err
    held = {one["contractor"]: one for one in json.loads(audited.out)["inspections"]}
    assert list(held) == list(CONTRACTORS)
    assert [(f["duty"], "payment_provider-for-later" in f["found"]) for f in held["payment_provider"]["findings"]] == [
        ("D-9", True)
    ]
    assert held["card_agent.jcb"]["findings"] == []
    assert all(one["record_id"] and not one["held_already"] for one in held.values())
    again = await stack.sansha("duties", "audit")
    assert (again.status, again.out.count("on record already today")) == (1, 3)
    tomorrow = await stack.sansha("duties", "--on", "2021-06-03")
    assert (tomorrow.status, len(tomorrow.err.splitlines())) == (2, 1)
    await stack.stop()
    await _the_folder_tells_the_same(stack)


async def _the_folder_tells_the_same(stack: Stack) -> None:
    """Without a running stack: the registers, and what files show."""
    offline = module(CONSOLE, "duties", "--database-dir", str(stack.data))
    one = await finished(*offline, "D-9", "--party", "payment_provider", cwd=stack.cwd)
    assert one.status == 1
    assert "× " not in one.out
    assert "payment_provider-for-later" in one.out
    page = stack.cwd / "duties.html"
    whole = await finished(*offline, "--json", "--html", str(page), cwd=stack.cwd)
    assert whole.status == 1
    found = json.loads(whole.out)
    assert found["on"] == "2021-06-02"
    states = {(duty["number"], duty["debtor"]): duty["status"] for duty in found["duties"]}
    assert states["D-16", "ward"] == states["D-17", "payment_provider"] == "fulfilled"
    assert states["C-S7", "payment_provider"] == "unchecked", "nothing runs that could be asked"
    assert {number for (number, _), status in states.items() if status == "missed"} == {"D-9"}
    assert "介護保険課 検査係" in page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600
