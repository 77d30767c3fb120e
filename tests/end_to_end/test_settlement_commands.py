"""`sansha anomaly`, `open`, `resolve`, `resolutions`, `audit` and `notice` on a running stack."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from contracts import topics
from contracts.vocabulary import Agent
from services.console.payers.paying import expect
from services.console.payers.plan import ByCard
from services.console.stack.channels import payers_at
from services.console.stack.clients import StackClient
from services.console.stack.slips import issue_generated
from testbed.running_stack import Stack

pytestmark = [pytest.mark.processes, pytest.mark.asyncio(loop_scope="module")]

CARD = "4000000000000002"
DECISION = ("--by", "staff-1", "--because", "agreed with UC on the phone")


@dataclass(frozen=True)
class ShortDeposit:
    """A stack whose agent UC has deposited ¥600 too little for one payment."""

    stack: Stack
    payment: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def short_deposit(stepped_stack: Stack) -> ShortDeposit:
    asked = await stepped_stack.sansha("anomaly", "uc", "deposit_short", "--yen", "600")
    assert asked.status == 0, asked.err
    assert "deposit_short will happen at the closing of" in asked.out
    payment = await _paid_by_card(stepped_stack)
    assert (await stepped_stack.advance("2021-08-25")).status_code == 200
    return ShortDeposit(stepped_stack, payment)


async def _paid_by_card(stack: Stack) -> str:
    async with StackClient(stack.port_base) as client:
        await issue_generated(client, 1, 2021, 7)
        slips = await stack.get(topics.WARD, "/slips")
        paid = await payers_at(client).pay_barcode(slips[0]["barcode"], ByCard(CARD), "payer", "paid")
    return expect(paid).payment_id


async def test_what_cannot_go_wrong_is_refused_in_one_line(stepped_stack: Stack) -> None:
    unknown = await stepped_stack.sansha("anomaly", "ward", "deposit_short")
    assert (unknown.status, "is not a card agent" in unknown.err) == (2, True)
    no_fee = await stepped_stack.sansha("anomaly", "uc", "fee_twice")
    assert (no_fee.status, "anomaly_without_fee" in no_fee.err) == (2, True)
    no_closing = await stepped_stack.sansha("anomaly", "uc", "deposit_late", "--closing", "2021-08-01")
    assert (no_closing.status, "closing_unknown" in no_closing.err) == (2, True)


async def test_a_settlement_goes_wrong_is_found_and_decided_about(short_deposit: ShortDeposit) -> None:
    stack, payment = short_deposit.stack, short_deposit.payment
    found = await stack.sansha("open", "--kind", "statement_open", "--json")
    assert found.status == 1, found.err
    (item,) = json.loads(found.out)
    assert (item["codes"], item["difference"]) == (["deposit_short"], -600)
    audited = await stack.sansha("audit", "--stack")
    assert audited.status == 0, audited.out
    assert "open" in audited.out

    wrong = await stack.sansha("resolve", "return_excess", "--statement", item["subject"], *DECISION)
    assert wrong.status == 2
    assert "nothing_to_resolve" in wrong.err
    unsigned = await stack.sansha("resolve", "accept_difference", "--statement", item["subject"])
    assert unsigned.status == 2
    assert "--by NAME --because TEXT" in unsigned.err
    done = await stack.sansha("resolve", "accept_difference", "--statement", item["subject"], *DECISION, "--key", "k1")
    again = await stack.sansha("resolve", "accept_difference", "--statement", item["subject"], *DECISION, "--key", "k1")
    assert done.status == 0, done.err
    assert done.out == again.out
    assert "accept_difference ¥600" in done.out
    listed = await stack.sansha("resolutions", "--json")
    assert [row["because"] for row in json.loads(listed.out)] == [DECISION[3]]

    assert "nothing is open" in (await stack.sansha("open")).out
    assert "差額承認 decided" in (await stack.sansha("explain", payment)).out
    document = await stack.sansha_json("audit", "--stack")
    assert document["conserved"]
    assert {finding["state"] for finding in document["findings"]} == {"resolved"}


async def test_a_notice_of_the_running_stack_is_that_of_its_folder(short_deposit: ShortDeposit, tmp_path: Path) -> None:
    stack = short_deposit.stack
    file, same = tmp_path / "notice.txt", tmp_path / "same.txt"
    for out, source in ((file, ("--stack",)), (same, ("--database-dir", str(stack.data)))):
        done = await stack.sansha("notice", "write", *source, "--out", str(out))
        assert done.status == 0, done.err
    assert file.read_bytes() == same.read_bytes()
    document = await stack.sansha_json("notice", "read", str(file), "--stack")
    (shown,) = document["notices"]
    believed = (await stack.books())[topics.card_agent(Agent.UC)].deposits
    assert [row["amount"] for row in shown["rows"]] == [d.amount - 600 for d in believed]
