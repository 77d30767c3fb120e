"""`sansha up --sealed`: the same year, of which the bus holds no number of a slip or a person in clear."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pytest

from contracts import topics
from contracts.sealing import FILE_MARK, SEALED
from services.console.demo.year import DemoOptions, run_demo
from testbed.processes import finished, module
from testbed.running_stack import CONSOLE, STEPPED, NewStack
from tests.end_to_end.test_stack import advanced, issue, pay_by_card
from tests.end_to_end.test_terminal import NOT_ALL, OK, pulled, trial_keys

pytestmark = pytest.mark.processes

SHORT = ("--rate", "50", "--duration", "1s", "--warm-up", "1s")
SEED, CARDS, BANKS = 7, 8, 4


def files_with(numbers: Collection[bytes], folder: Path) -> list[str]:
    """Files below the folder that hold one of these."""
    contents = ((path, path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.name for path, content in contents if any(number in content for number in numbers)]


async def test_a_sealed_year_has_the_digest_of_a_plain_one_and_its_bus_holds_no_personal_number(
    new_stack: NewStack,
) -> None:
    stack = new_stack("--clock", "stepped", "--from", "2021-04-01", "--seed", str(SEED), "--sealed")
    await stack.start()
    played = await stack.sansha_json(
        "demo", "--stack", "--seed", str(SEED), "--payments", str(CARDS), "--bank", str(BANKS)
    )
    assert played["digest"] == (await run_demo(DemoOptions(CARDS, BANKS, SEED))).digest
    assert await stack.dead_letters() == []
    slips = await stack.get(topics.WARD, "/slips", limit=1_000)
    numbers = {s[name].encode() for s in slips for name in ("slip_number", "insured_number", "barcode") if s[name]}
    assert len(numbers) > 2 * CARDS
    await stack.stop()

    assert files_with(numbers, stack.data / "bus") == []
    assert len(files_with({SEALED}, stack.data / "bus")) >= 8, "nothing hides them but sealing"
    assert "ward.db" in files_with(numbers, stack.data), "they would be found"


async def test_a_sealed_folder_stays_sealed_until_told(new_stack: NewStack) -> None:
    first = new_stack(*STEPPED, "--sealed")
    await first.start()
    (one, two, *_) = await issue(first)
    await advanced(first, "2021-07-02T10:00:00+09:00")
    await pay_by_card(first, one)
    await first.stop()

    again = new_stack("--clock", "stepped", folder=first.data.parent)
    await again.start()
    await pay_by_card(again, two)
    await advanced(again, "2021-07-03T10:00:00+09:00")
    await again.stop()
    assert files_with({one.encode(), two.encode()}, first.data / "bus") == []

    plain = new_stack("--clock", "stepped", "--unsealed", folder=first.data.parent)
    await plain.start()
    await advanced(plain, "2021-07-20T10:00:00+09:00")
    assert await plain.dead_letters() == [], "what is sealed is opened"
    assert {r.kind for r in (await plain.books())[topics.WARD].receipts} == {"01", "02"}
    await plain.stop()
    assert files_with({one.encode(), two.encode()}, first.data / "bus") != [], "確報, no longer sealed"


async def test_receipt_files_arrive_sealed_and_the_terminal_finds_the_ward_s_keys(
    new_stack: NewStack, tmp_path: Path
) -> None:
    variables = await trial_keys(tmp_path)
    stack = new_stack(*STEPPED, "--sealed", SANSHA_WARD_RECEIPTS_ARRIVE_BY="files", **variables)
    await stack.start()
    (barcode, *_) = await issue(stack)
    await advanced(stack, "2021-07-02T10:00:00+09:00")
    paid = await pay_by_card(stack, barcode)
    await advanced(stack, "2021-07-03T09:30:00+09:00")
    await pulled(stack, variables, NOT_ALL)
    (copy,) = (stack.data / "terminal").glob("*.part")
    assert copy.read_bytes().startswith(FILE_MARK.encode())
    await advanced(stack, "2021-07-03T09:31:00+09:00")
    (done,) = await pulled(stack, variables, OK)
    assert (done["outcome"], done["records"], done["new"]) == ("registered", 1, 1)
    assert {r.payment_id for r in (await stack.books())[topics.WARD].receipts} == {paid}


async def test_a_load_test_seals_its_receipts_for_a_stack_that_seals(new_stack: NewStack) -> None:
    stack = new_stack("--clock", "real", "--sealed")
    await stack.start()
    where = ("--target", f"embedded:{stack.data / 'bus'}", "--port-base", str(stack.port_base))
    command = module(CONSOLE, "load", "receipts", *SHORT, *where, "--json")
    done = await finished(*command, cwd=stack.cwd)
    assert done.status == 0, done.err
    assert json.loads(done.out)["audit"]["registered_once"] == 100
    slips = await stack.get(topics.WARD, "/slips", limit=1_000)
    assert files_with({slip["slip_number"].encode() for slip in slips}, stack.data / "bus") == []
    assert await stack.dead_letters() == []


async def test_keys_for_the_months_of_a_contract_are_made_and_handed_over(tmp_path: Path) -> None:
    command = module(CONSOLE, "provision", "keys", str(tmp_path / "keys"), "--party", "uc", "--from", "2021-04")
    done = await finished(*command, "--to", "2022-03", cwd=tmp_path)
    assert done.status == 0, done.err
    assert "card_agent.uc has keys for 12 months" in done.out
    handed = json.loads((tmp_path / "keys" / "public" / "card_agent.uc.json").read_text())
    own = json.loads((tmp_path / "keys" / "card_agent.uc.json").read_text())
    assert set(handed["card_agent.uc"]) == set(own["private_keys"])
    assert len(own["private_keys"]) == 12
    assert set(handed["card_agent.uc"].values()).isdisjoint(own["private_keys"].values())
    wrong = await finished(*command, "--to", "March", cwd=tmp_path)
    assert (wrong.status, "'March' is no month; write it like 2021-04" in wrong.err) == (2, True)
