"""甲: receipt data that contradict what is agreed of their channel: shown as long as they contradict it."""

from __future__ import annotations

from datetime import datetime

from msgspec import structs

from contracts.events import ReceiptDelivered
from contracts.vocabulary import Method, ReceiptKind, Settler
from tests.component.driven_ward import DrivenWard, receipt
from tests.component.home import Home

P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED


def at(event: ReceiptDelivered, method: Method, settler: Settler) -> ReceiptDelivered:
    return structs.replace(event, method=method, settler=settler)


def jst(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


async def test_a_confirmation_without_a_preliminary_record_is_open_until_that_comes(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip, C))
    (why,) = (await ward.reasons("confirmed_without_preliminary")).values()
    assert why.startswith("速報なし確報: クレジットカード card sends 速報, but none came")
    await ward.send(receipt("p1", slip, P))
    assert await ward.reasons("confirmed_without_preliminary") == {}


async def test_which_channels_have_preliminary_records_is_a_setting(home: Home) -> None:
    ward = await DrivenWard.started(home, channels_with_preliminary=["bank_counter"])
    slips = await ward.assess()
    await ward.send(
        receipt("by-card", slips[0], C),
        at(receipt("at-bank", slips[1], C), Method.BANK_COUNTER, Settler.BANK_COUNTER),
    )
    assert list(await ward.reasons("confirmed_without_preliminary")) == ["at-bank"]


async def test_a_confirmation_is_overdue_when_its_business_days_are_over_and_not_once_it_has_come(home: Home) -> None:
    """収納日 is Monday 12 July; 2 bank business days are the 13th and 14th."""
    ward = await DrivenWard.started(home, confirmation_expected_business_days=2)
    slips = await ward.assess()
    await ward.send(*(receipt(f"p{n}", slips[n], P) for n in range(3)))
    ward.clock.step_to(jst("2021-07-14T23:59"))
    assert await ward.reasons("confirmation_overdue") == {}
    ward.clock.step_to(jst("2021-07-15T00:00"))
    overdue = await ward.reasons("confirmation_overdue")
    assert list(overdue) == ["p0", "p1", "p2"]
    assert "within 2 bank business days of 収納日 2021-07-12" in overdue["p0"]
    await ward.send(receipt("p0", slips[0], C), receipt("p1", slips[1], X))
    assert list(await ward.reasons("confirmation_overdue")) == ["p2"]


async def test_the_money_of_every_network_is_in_transit_on_an_account_of_its_own(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = await ward.assess()
    await ward.send(*(receipt(s.value, slip, settler=s) for s, slip in zip(Settler, slips, strict=False)))
    balances = await ward.balances()
    assert {a: y for a, y in balances.items() if a.startswith("in_transit")} == {
        f"in_transit_{settler}": 10_000 for settler in Settler
    }
    japanese = [view.japanese for view in await ward.service.queries.balances()]
    assert len(set(japanese)) == len(japanese)
