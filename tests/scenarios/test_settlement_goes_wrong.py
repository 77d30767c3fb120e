"""Receipts, closing statement and bank deposit disagree: each case is found, named, decided about, and audited.

UC closes on 10 July 2021 what was paid on the 5th, and deposits on 26 July; the designated date is 2 August.
"""

from __future__ import annotations

from datetime import date

import pytest

from contracts.http.card_agent.anomalies import SettlementAnomalyRequest
from contracts.vocabulary import Refusal, SettlementAnomaly
from tests.scenarios.settlement_scene import SettlementScene, settlement

K = SettlementAnomaly
ISSUED, DEPOSITED, CONFIRMED, NEXT = date(2021, 7, 12), date(2021, 7, 26), date(2021, 7, 8), date(2021, 8, 20)
SEEDS = (1, 7, 2021)
FEES = {"fee_basis": "net", "fee_per_mille": 20}


async def codes(scene: SettlementScene) -> tuple[str, ...]:
    return (await scene.open_item("statement_open")).codes


@pytest.mark.parametrize("seed", SEEDS)
async def test_without_an_anomaly_nothing_is_open_and_nothing_found(seed: int) -> None:
    async with settlement(seed=seed) as scene:
        await scene.until(DEPOSITED)
        assert await scene.is_clear()
        assert (await scene.audited()).findings == ()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_short_deposit_is_claimed_and_made_good_by_a_later_one(seed: int) -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600), seed=seed) as scene:
        await scene.until(DEPOSITED)
        item = await scene.open_item("statement_open")
        assert (item.codes, item.difference) == (("deposit_short",), -600)
        assert await scene.states() == {"open"}
        assert (await scene.resolve("claim_shortfall")).amount == 600
        assert await scene.balance("claims_on_settlers") == 600
        assert await scene.balance("deposit_differences") == 0
        assert "¥600 of it is claimed" in (await scene.open_item("statement_open")).because
        assert (await scene.correct()).deposited == 600
        assert await scene.is_clear()
        assert await scene.balance("claims_on_settlers") == await scene.balance("deposit_differences") == 0
        assert await scene.balance("bank_account") == 10_000
        assert (await scene.audited()).findings == ()


async def test_a_short_deposit_is_accepted_as_it_is() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600)) as scene:
        await scene.until(DEPOSITED)
        await scene.resolve("accept_difference")
        assert await scene.is_clear()
        assert await scene.states() == {"resolved"}
        assert (await scene.audited()).conserved
        assert await scene.balance("accepted_differences") == 600
        assert await scene.balance("deposit_differences") == 0


async def test_an_excess_is_returned_to_its_settler() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_OVER, yen=600)) as scene:
        await scene.until(DEPOSITED)
        item = await scene.open_item("statement_open")
        assert (item.codes, item.difference) == (("deposit_over",), 600)
        assert (await scene.resolve("return_excess")).amount == 600
        assert await scene.is_clear()
        assert await scene.states() == {"resolved"}
        assert await scene.balance("bank_account") == 10_000
        assert await scene.balance("deposit_differences") == 0


@pytest.mark.parametrize("corrected_first", [False, True])
async def test_a_doubled_deposit_is_returned(corrected_first: bool) -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_DOUBLED)) as scene:
        await scene.until(DEPOSITED)
        assert await codes(scene) == ("deposit_doubled",)
        if corrected_first:
            await scene.correct()
        assert await scene.states() == {"open"}
        assert (await scene.resolve("return_excess")).amount == 10_000
        assert await scene.is_clear()
        assert await scene.states() == {"resolved"}
        assert await scene.balance("bank_account") == 10_000


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_late_deposit_is_found_on_its_day_and_stays_on_record(seed: int) -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_LATE, business_days=3), seed=seed) as scene:
        await scene.until(DEPOSITED, 14)
        assert await codes(scene) == ("deposit_missing",)
        await scene.until(DEPOSITED, 15)
        assert await codes(scene) == ("deposit_overdue",)
        assert await scene.states() == {"open"}
        await scene.until(date(2021, 7, 29), 9)
        assert await codes(scene) == ("deposit_overdue",)
        await scene.until(date(2021, 7, 29), 10)
        assert await scene.is_clear()
        assert (await scene.audited()).findings == ()
        story = (await scene.sandbox.ward.queries.explain(scene.payments[:1]))[scene.payments[0]]
        assert "入金遅延 deposit overdue" in [step.event for step in story.steps]


@pytest.mark.parametrize("kind", [K.DEPOSIT_MISSING, K.WRONG_ACCOUNT])
async def test_a_deposit_that_never_reaches_the_account_is_claimed_and_paid_again(kind: SettlementAnomaly) -> None:
    async with settlement(SettlementAnomalyRequest(kind=kind)) as scene:
        await scene.until(DEPOSITED)
        expected = ("deposit_overdue", "wrong_account") if kind is K.WRONG_ACCOUNT else ("deposit_overdue",)
        assert await codes(scene) == expected
        assert await scene.balance("bank_account") == 0
        assert (await scene.resolve("claim_shortfall")).amount == 10_000
        assert await scene.balance("claims_on_settlers") == 10_000
        assert await scene.balance("in_transit_uc") == 0
        assert await scene.states() == {"open"}
        assert (await scene.correct()).deposited == 10_000
        assert await scene.is_clear()
        assert await scene.balance("claims_on_settlers") == 0
        assert (await scene.audited()).findings == ()


async def test_a_deposit_that_never_comes_is_accepted_and_nobody_waits_for_it() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_MISSING)) as scene:
        await scene.until(DEPOSITED)
        assert "receipt_not_deposited" in await scene.open_kinds()
        await scene.resolve("accept_difference")
        assert await scene.is_clear()
        assert await scene.states() == {"resolved"}
        assert await scene.balance("accepted_differences") == 10_000
        (explained,) = (await scene.sandbox.ward.queries.explain(scene.payments[:1])).values()
        assert explained.waiting is None


async def test_a_deposit_to_the_wrong_account_is_brought_over() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.WRONG_ACCOUNT)) as scene:
        await scene.until(DEPOSITED)
        (deposit,) = await scene.sandbox.ward.queries.deposits()
        assert deposit.account
        await scene.resolve("reassign_deposit", deposit_id=deposit.deposit_id)
        assert await scene.is_clear()
        assert await scene.balance("bank_account") == 10_000
        assert (await scene.audited()).findings == ()


async def test_a_fee_taken_twice_is_named_and_booked_as_a_fee() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.FEE_TWICE), uc=FEES) as scene:
        await scene.until(DEPOSITED)
        item = await scene.open_item("statement_open")
        assert (item.codes, item.difference) == (("fee_twice",), -200)
        await scene.resolve("book_as_fee")
        assert await scene.is_clear()
        assert await scene.balance("settlement_fees") == 400
        assert await scene.states() == {"resolved"}


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_receipt_without_a_deposit_is_named_and_carried_over(seed: int) -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.PAYMENT_LEFT_OUT), seed=seed) as scene:
        await scene.until(DEPOSITED)
        item = await scene.open_item("receipt_not_deposited")
        assert item.subject == min(scene.payments)
        assert item.codes == ("receipt_unlisted",)
        assert await scene.states() == {"open"}
        assert (await scene.correct()).carried_over == (min(scene.payments),)
        await scene.until(NEXT)
        assert await scene.is_clear()
        assert (await scene.audited()).findings == ()


async def test_a_receipt_whose_statement_never_comes_is_found_by_its_deadline() -> None:
    async with settlement(
        SettlementAnomalyRequest(kind=K.PAYMENT_LEFT_OUT), ward={"statement_expected_days": 10}
    ) as scene:
        await scene.until(date(2021, 8, 10), 23)
        assert "discrepancy" not in await scene.open_kinds()
        await scene.until(date(2021, 8, 11), 1)
        item = await scene.open_item("discrepancy")
        assert item.subject == min(scene.payments)
        assert "statement_missing" in item.because
        await scene.correct()
        await scene.until(date(2021, 9, 10))
        assert await scene.is_clear()


async def test_a_statement_that_omits_a_payment_is_completed() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.LINE_OMITTED)) as scene:
        await scene.until(DEPOSITED)
        omitted = min(scene.payments)
        assert await codes(scene) == ("totals_differ",)
        assert (await scene.open_item("receipt_not_deposited")).codes == ("receipt_unlisted",)
        assert await scene.states() == {"open"}
        other = max(scene.payments)
        listed_already = await scene.try_to_resolve("add_line", payment_id=other)
        assert isinstance(listed_already, Refusal)
        await scene.resolve("add_line", payment_id=omitted)
        assert await scene.is_clear()
        assert await scene.states() == {"resolved"}
        await scene.correct()
        assert (await scene.audited()).findings == ()


async def test_a_deposit_without_a_receipt_is_named_and_its_money_returned() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.UNKNOWN_PAYMENT, yen=700)) as scene:
        await scene.until(DEPOSITED)
        item = await scene.open_item("statement_open")
        (payment,) = item.payments
        assert (payment.code, payment.stated, payment.registered) == ("receipt_missing", 700, None)
        assert await scene.balance("in_transit_uc") == -700
        assert await scene.states() == {"open"}
        await scene.resolve("return_payment", payment_id=payment.payment_id)
        assert await scene.is_clear()
        assert await scene.balance("in_transit_uc") == 0
        assert await scene.balance("bank_account") == 10_000
        assert await scene.states() == {"resolved"}


async def test_several_anomalies_of_one_closing_are_all_named() -> None:
    asked = (
        SettlementAnomalyRequest(kind=K.UNKNOWN_PAYMENT, yen=700),
        SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=50),
    )
    async with settlement(*asked) as scene:
        await scene.until(DEPOSITED)
        assert await codes(scene) == ("receipt_missing", "deposit_short")
        refused = await scene.try_to_resolve(
            "return_payment", payment_id=(await scene.open_item("statement_open")).payments[0].payment_id
        )
        assert isinstance(refused, Refusal), "the money for it has not come in full"
        await scene.resolve("accept_difference")
        unknown = (await scene.open_item("statement_open")).payments[0].payment_id
        await scene.resolve("return_payment", payment_id=unknown)
        assert await scene.is_clear()
        assert (await scene.audited()).conserved


async def test_each_decision_is_listed_and_told() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600)) as scene:
        await scene.until(DEPOSITED)
        decision = await scene.resolve("accept_difference", because="手数料の端数", decided_by="会計 A")
        assert list(await scene.sandbox.ward.queries.resolutions()) == [decision]
        assert list(await scene.sandbox.ward.queries.resolutions(statement_id="other")) == []
        story = (await scene.sandbox.ward.queries.explain(scene.payments[:1]))[scene.payments[0]]
        (step,) = [step for step in story.steps if step.event == "差額承認 decided"]
        assert (step.detail, step.at) == ("accept_difference ¥600 by 会計 A: 手数料の端数", decision.decided_at)


async def test_deposits_by_brand_are_one_settlement() -> None:
    async with settlement(uc={"deposit_split": "brand", **FEES}) as scene:
        await scene.until(DEPOSITED)
        assert sorted(d.amount for d in await scene.sandbox.ward.queries.deposits()) == [1_470, 8_330]
        assert await scene.is_clear()
        assert (await scene.audited()).findings == ()
