"""甲: statements, deposits and receipts agree, or the disagreement is named, in any order of arrival."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import topics
from contracts.events import Event
from contracts.vocabulary import Agent, ReceiptKind, Settler, Yen, on_the_clock
from services.ward.domain.reconciliation import Reason
from tests.component.driven_ward import DEPOSIT_ON, NOON, DrivenWard, deposit, receipt, statement
from tests.component.home import Home

P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED
TWO = [("p1", 10_000), ("p2", 10_000)]


async def ward_with_receipts(home: Home, *kinds: ReceiptKind) -> DrivenWard:
    """Two payments of two slips, with these records of each."""
    ward = await DrivenWard.started(home)
    slips = await ward.assess()
    for kind in kinds:
        await ward.send(receipt("p1", slips[0], kind), receipt("p2", slips[1], kind))
    return ward


async def reason(ward: DrivenWard) -> str:
    (because,) = (await ward.reasons("statement_open")).values()
    return because


async def test_where_statement_receipts_and_deposit_agree_the_books_are_clear(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement(TWO, fee=200), deposit(19_800))
    assert await ward.reconciled() == ["s1"]
    assert await ward.service.queries.open_items() == []
    found = await ward.balances()
    assert {k: found[k] for k in ("bank_account", "settlement_fees", "premium_receivable")} == {
        "bank_account": 19_800,
        "settlement_fees": 200,
        "premium_receivable": 70_000,
    }
    assert "in_transit_jcb" not in found
    (view,) = await ward.service.queries.deposits()
    assert (view.deposit_id, view.amount, view.reconciled_at) == ("d1", 19_800, NOON)


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_the_order_in_which_pages_deposit_and_confirmations_come_does_not_matter(
    order: tuple[int, ...], home: Home
) -> None:
    ward = await ward_with_receipts(home, P)
    slips = await ward.service.queries.slips()
    first, second = statement(TWO, page_size=1, fee=200)
    confirmed = [receipt("p1", slips[0], C), receipt("p2", slips[1], C)]
    parts: list[list[Event]] = [[first], [second], [deposit(19_800)], [*confirmed]]
    for count, n in enumerate(order, 1):
        await ward.send(*parts[n])
        await ward.send(*parts[n])
        await ward.send(*parts[n], again="under other ids")
        assert await ward.reconciled() == (["s1"] if count == 4 else [])
    found = await ward.balances()
    assert found["bank_account"] == 19_800
    assert found["settlement_fees"] == 200
    assert "in_transit_jcb" not in found
    assert await ward.service.queries.open_items() == []
    assert await ward.service.dead_letters() == []


async def test_a_statement_and_deposit_before_any_receipt_are_reconciled_when_the_receipts_come(home: Home) -> None:
    ward = await ward_with_receipts(home)
    await ward.send(*statement(TWO), deposit(20_000))
    assert "receipt_missing 収納データ未着: 2 of 2 payments" in await reason(ward)
    slips = await ward.service.queries.slips()
    await ward.send(receipt("p1", slips[0]), receipt("p2", slips[1]))
    assert "receipt_not_confirmed 確報未着: 2 of 2 payments" in await reason(ward)
    await ward.send(receipt("p1", slips[0], C))
    assert "receipt_not_confirmed 確報未着: 1 of 2 payments" in await reason(ward)
    await ward.send(receipt("p2", slips[1], C))
    assert await ward.reconciled() == ["s1"]


@pytest.mark.parametrize(
    ("amounts", "found", "difference"),
    [
        ([19_000], Reason.DEPOSIT_SHORT, 1_000),
        ([21_000], Reason.DEPOSIT_OVER, -1_000),
        ([20_000, 20_000], Reason.DEPOSIT_DOUBLED, -20_000),
        ([20_000, 19_999], Reason.DEPOSIT_OVER, -19_999),
    ],
)
async def test_a_deposit_that_differs_is_named_and_its_difference_booked(
    amounts: list[int], found: Reason, difference: int, home: Home
) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement(TWO))
    for n, amount in enumerate(amounts):
        await ward.send(deposit(amount, deposit_id=f"d{n}"))
    assert found in await reason(ward)
    assert await ward.reconciled() == []
    balances = await ward.balances()
    assert balances["deposit_differences"] == difference
    assert balances["bank_account"] == sum(amounts)
    assert "in_transit_jcb" not in balances


async def test_a_second_deposit_makes_good_what_the_first_was_short_of(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement(TWO), deposit(19_000))
    await ward.send(deposit(1_000, deposit_id="d2"))
    assert await ward.reconciled() == ["s1"]
    assert "deposit_differences" not in await ward.balances()


async def test_a_missing_page_and_a_missing_deposit_are_named(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    first, second = statement(TWO, page_size=1)
    await ward.send(second)
    assert "pages_missing 明細ページ未着: 1 of 2 pages have come" in await reason(ward)
    await ward.send(first)
    assert await reason(ward) == (
        "deposit_missing 未入金: ¥20,000 is expected; 入金予定: the deposit is planned on 2021-07-30"
    )
    ward.clock.step_to(NOON + timedelta(days=30))
    assert "the deposit was due on 2021-07-30" in await reason(ward)


async def test_a_deposit_without_a_statement_is_booked_and_named(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(deposit(20_000))
    assert Reason.DEPOSIT_WITHOUT_STATEMENT in (await ward.reasons("deposit_without_statement"))["s1"]
    assert (await ward.balances())["bank_account"] == 20_000


async def test_totals_and_amounts_that_differ_are_named(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement([("p1", 10_000), ("p2", 9_000), ("p2", 9_000)]), deposit(28_000))
    assert Reason.TOTALS_DIFFER in await reason(ward)
    assert "amount_differs 金額不一致: 1 of 2 payments" in await reason(ward)


async def test_a_statement_of_another_settler_is_named(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement(TWO, settler=Settler.UC), deposit(20_000, settler=Settler.UC))
    assert "settler_differs" in await reason(ward)


async def test_a_cancellation_opens_a_reconciled_statement_again(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement(TWO), deposit(20_000))
    assert await ward.reconciled() == ["s1"]
    await ward.send(receipt("p1", (await ward.service.queries.slips())[0], X))
    assert await ward.reconciled() == []
    assert "receipt_cancelled 取消済: 1 of 2 payments" in await reason(ward)
    assert (await ward.balances())["in_transit_jcb"] == -10_000


async def test_a_payment_that_two_statements_list_opens_both(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement(TWO), deposit(20_000))
    await ward.send(*statement(TWO[:1], statement_id="s2"), deposit(10_000, statement_id="s2", deposit_id="d2"))
    assert await ward.reconciled() == []
    reasons = await ward.reasons("statement_open")
    assert all(Reason.CLAIMED_TWICE in because for because in reasons.values())
    assert set(reasons) == {"s1", "s2"}


async def test_pages_and_deposits_that_contradict_earlier_ones_are_kept_and_change_nothing(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    await ward.send(*statement(TWO), deposit(20_000))
    before = await ward.service.books()
    await ward.send(*statement(TWO[:1]), deposit(1), again="otherwise")
    assert await ward.service.books() == before
    items = [item for item in await ward.service.queries.open_items() if item.kind == "discrepancy"]
    assert sorted(item.because.split()[0] for item in items) == ["deposit_differs", "statement_differs"]
    assert any("amount: 20000 before, 1 now" in item.because for item in items)


async def test_each_step_of_a_payment_is_explained_and_each_wait_has_a_reason(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)

    async def waits() -> tuple[str, datetime | None]:
        waiting = (await ward.service.queries.explain(["p1"]))["p1"].waiting
        assert waiting is not None
        assert waiting.because
        return waiting.waits_for.split()[0], waiting.until

    assert await waits() == ("締め明細", None)
    await ward.send(*statement(TWO))
    expected_by = on_the_clock(DEPOSIT_ON, ward.settings.deposit_expected_by).astimezone(UTC)
    assert await waits() == ("入金", expected_by)
    assert "締め 2021-07-15、入金予定 2021-07-30" in (await ward.reasons("receipt_not_deposited"))["p1"]
    await ward.send(deposit(19_999))
    assert await waits() == ("消込", None)
    ward.clock.step_to(expected_by)
    await ward.send(deposit(1, deposit_id="d2"))
    story = (await ward.service.queries.explain(["p1"]))["p1"]
    assert story.waiting is None
    events = [step.event.split()[0] for step in story.steps]
    assert events == ["速報登録", "確報登録", "締め明細受領", "入金確認", "入金確認", "消込"]
    assert story.steps[-1].at == expected_by


async def test_a_payment_that_only_a_statement_knows_waits_for_its_receipt(home: Home) -> None:
    ward = await ward_with_receipts(home)
    await ward.send(*statement(TWO))
    waiting = (await ward.service.queries.explain(["p1"]))["p1"].waiting
    assert waiting is not None
    assert waiting.waits_for.startswith("収納データ")


@settings(max_examples=20)
@given(st.data())
def test_a_period_of_two_settlers_comes_out_the_same_in_any_order(data: st.DataObject) -> None:
    asyncio.run(_settle_in_any_order(data))


async def _settle_in_any_order(data: st.DataObject) -> None:
    ward = await DrivenWard.started()
    slips = await ward.assess()
    events: list[Event] = []
    for n, slip in enumerate(slips[:6]):
        settler = Settler.UC if n % 2 else Settler.BANK
        events += [receipt(f"p{n}", slip, kind, settler=settler) for kind in (P, C)]
    events.append(receipt("p6", slips[0], settler=Settler.UC))  # the first slip again, over another channel
    for settler, numbers in ((Settler.BANK, (0, 2, 4)), (Settler.UC, (1, 3, 5))):
        events += statement([(f"p{n}", 10_000) for n in numbers], statement_id=settler, page_size=2, settler=settler)
        events.append(deposit(30_000, statement_id=settler, deposit_id=f"d-{settler}", settler=settler))
    order = data.draw(st.permutations(events))
    for event in order:
        await ward.send(event)
    assert await ward.reconciled() == ["bank", "uc"]
    assert await ward.balances() == {
        "bank_account": Yen(60_000),
        "in_transit_uc": 10_000,
        "overpayments": -10_000,
        "premium_receivable": 30_000,
        "premium_revenue": -90_000,
    }
    assert await ward.service.dead_letters() == []
    await ward.service.close()


# ---- who may settle for whom ------------------------------------------------------------------------------


async def test_a_settlement_in_anothers_name_is_set_aside_and_moves_no_money(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    before = await ward.balances()
    own = [ward.record(event) for event in (*statement(TWO, settler=Settler.UC), deposit(20_000, settler=Settler.UC))]
    forged = [record._replace(value=record.value.replace(b'"uc"', b'"jcb"')) for record in own]
    elsewhere = [record._replace(topic=topics.settlements(Agent.JCB).name) for record in own]
    await ward.bus.produce([*forged, *elsewhere])
    await ward.settle()
    reasons = [letter.reason for letter in await ward.service.dead_letters()]
    assert sum("settler jcb is none for whom the owner of card_agent.uc.settlements speaks" in r for r in reasons) == 2
    assert sum("the source is '/sansha/card_agent.uc'" in reason for reason in reasons) == 2
    assert await ward.balances() == before
    await ward.send(*statement(TWO), deposit(20_000))
    assert await ward.reconciled() == ["s1"]


async def test_a_forged_amount_beyond_the_bounds_is_set_aside_and_the_books_stay_readable(home: Home) -> None:
    ward = await ward_with_receipts(home, P, C)
    before = await ward.balances()
    for amount in (b"4611686018427387904", b"9223372036854775807", b"10000000000", b"true", b"-1"):
        record = ward.record(deposit(20_000), event_id=f"forged {amount.decode()}")
        await ward.bus.produce([record._replace(value=record.value.replace(b"20000", amount))])
    await ward.settle()
    letters = await ward.service.dead_letters()
    assert len(letters) == 5
    assert all("$.amount" in letter.reason for letter in letters)
    assert any("<= 9999999999" in letter.reason for letter in letters)
    assert await ward.balances() == before
    await ward.send(*statement(TWO), deposit(20_000))
    assert await ward.reconciled() == ["s1"]
