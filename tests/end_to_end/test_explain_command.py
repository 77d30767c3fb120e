"""`sansha explain PAYMENT --on DATE`: the state of a payment on any day, and the setting behind each wait."""

from __future__ import annotations

import pytest

from contracts import topics
from services.console.payers.paying import expect
from services.console.payers.plan import ByCard
from services.console.stack.channels import payers_at
from services.console.stack.clients import StackClient
from testbed.running_stack import START_DAY, STEPPED, NewStack, Stack

pytestmark = pytest.mark.processes

CARD = "4000000000000002"
BEFORE, PAID_ON, CONFIRMED_ON, CLOSED_ON, DEPOSITED_ON = (
    "2021-06-30",
    START_DAY,
    "2021-07-06",
    "2021-07-11",
    "2021-07-26",
)


async def paid_by_card(stack: Stack) -> str:
    slip = {"insured_number": "0000000123", "amount": 8_500, "due_on": "2021-08-02"}
    barcode = (await stack.post(topics.WARD, "/slips", slip)).json()["barcode"]
    async with StackClient(stack.port_base) as client:
        paid = await payers_at(client).pay_barcode(barcode, ByCard(CARD), "payer", "paid")
    return expect(paid).payment_id


async def test_a_payment_is_explained_on_any_day_of_its_life(new_stack: NewStack) -> None:
    stack = new_stack(*STEPPED)
    await stack.start()
    payment = await paid_by_card(stack)
    assert (await stack.advance("2021-08-01")).status_code == 200

    async def on(day: str) -> tuple[list[str], list[tuple[str, str]]]:
        document = await stack.sansha_json("explain", payment, "--on", day)
        assert document["on"] == day
        assert all(step["at"] < f"{day}T15:00:00Z" for step in document["timeline"]), "the end of the day in Japan"
        waits = [(w["waits_for"].split()[0], w["because"]) for w in document["waiting"]]
        return [step["event"].split()[0] for step in document["timeline"]], waits

    steps, waits = await on(PAID_ON)
    assert steps[-1] == "速報登録"
    assert [what for what, _ in waits] == ["確報", "締め"]
    assert "[confirmation_business_days]" in waits[0][1]
    assert "[closing_days]" in waits[1][1]
    assert (await on(CONFIRMED_ON))[0][-1] == "確報登録"
    steps, waits = await on(CLOSED_ON)
    assert steps[-1] == "締め明細受領"
    assert [what for what, _ in waits] == ["入金", "入金"], "at the agent and at the ward"
    assert "[deposit_business_days]" in waits[0][1]
    assert (await on(DEPOSITED_ON))[1] == []

    in_words = await stack.sansha("explain", payment, "--on", CLOSED_ON)
    assert f"{CLOSED_ON} 終了時点" in in_words.out
    assert "待ち waits for 入金" in in_words.out
    now = await stack.sansha_json("explain", payment)
    assert (now["on"], now["waiting"]) == (None, [])
    for day, why in (
        (BEFORE, f"payment {payment} was not made yet at the end of {BEFORE}"),
        ("2021-08-02", "has not come yet"),
    ):
        refused = await stack.sansha("explain", payment, "--on", day)
        assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1)
        assert why in refused.err
    await stack.stop()
