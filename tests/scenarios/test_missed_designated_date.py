"""The agent misses the designated date: by the old law the debt revives, by the new one it is pursued; then it pays.

UC closes on the 10th what was paid on the 5th of July; its deposit, due on the 26th (2021) or 22nd (2022), is missing,
and the designated date, five bank business days later, passes.
"""

from __future__ import annotations

from datetime import date

import pytest

from contracts.http.card_agent.anomalies import SettlementAnomalyRequest
from contracts.http.ward.settlement import OpenItem
from contracts.vocabulary import ReceiptKind, Refusal, SettlementAnomaly, Settler
from tests.scenarios.settlement_scene import AMOUNTS, SettlementScene, at, settlement

MISSING = SettlementAnomalyRequest(kind=SettlementAnomaly.DEPOSIT_MISSING)
SEEDS = (1, 7, 2021)


async def effect(scene: SettlementScene, on: date, slip: int = 0) -> tuple[str, date | None, bool]:
    view = await scene.sandbox.ward.queries.deeming(scene.slips[slip].slip_number, on)
    assert not isinstance(view, Refusal)
    return view.effect, view.since, view.owed_by_payer


@pytest.mark.parametrize("seed", SEEDS)
async def test_by_the_old_law_the_debt_revives_and_counts_from_the_late_deposit(seed: int) -> None:
    paid, named, cured = date(2021, 7, 5), date(2021, 8, 2), date(2021, 8, 20)
    async with settlement(MISSING, seed=seed) as scene:
        await scene.until(named, 23)
        assert await scene.outstanding() == [0, 0]
        assert await effect(scene, named) == ("deemed", paid, False)
        await scene.until(date(2021, 8, 3), 1)
        assert await scene.outstanding() == list(AMOUNTS)
        assert await scene.balance("premium_receivable") == 10_000
        assert await scene.balance("lapsed_proxy_payments") == -10_000
        assert await scene.balance("in_transit_uc") == 10_000
        assert await effect(scene, date(2021, 8, 3)) == ("revived", None, True)
        assert "proxy_payment_lapsed" in await scene.open_kinds()
        assert (await scene.audited()).conserved

        await scene.sandbox.advance(at(cured))
        await scene.correct()
        assert await scene.outstanding() == [0, 0]
        assert await scene.balance("premium_receivable") == await scene.balance("lapsed_proxy_payments") == 0
        assert await effect(scene, cured) == ("paid", cured, False)
        assert await effect(scene, date(2021, 8, 19)) == ("revived", None, True)
        assert await scene.is_clear()
        assert (await scene.audited()).findings == ()
        story = (await scene.sandbox.ward.queries.explain(scene.payments[:1]))[scene.payments[0]]
        events = [step.event.split()[0] for step in story.steps]
        assert events[-5:] == ["入金遅延", "みなし納付失効", "入金確認", "納付復活", "消込"] or events[-5:] == [
            "入金遅延",
            "みなし納付失効",
            "入金確認",
            "消込",
            "納付復活",
        ]


async def test_by_the_new_law_the_agent_is_pursued_and_the_old_day_is_restored() -> None:
    paid, named, cured = date(2022, 7, 5), date(2022, 7, 29), date(2022, 8, 19)
    async with settlement(MISSING, first_day=paid) as scene:
        await scene.until(date(2022, 7, 30), 1)
        assert await scene.outstanding() == [0, 0]
        assert await scene.balance("lapsed_proxy_payments") == 0
        assert await effect(scene, named) == ("deemed", paid, False)
        assert await effect(scene, date(2022, 7, 30)) == ("agent_pursued", None, False)
        assert "agent to be pursued" in (await first_lapse(scene)).because
        await scene.sandbox.advance(at(cured))
        await scene.correct()
        assert await effect(scene, cured) == ("paid", paid, False)
        assert await scene.is_clear()


async def first_lapse(scene: SettlementScene) -> OpenItem:
    return next(item for item in await scene.sandbox.ward.queries.open_items() if item.kind == "proxy_payment_lapsed")


@pytest.mark.parametrize(
    ("first_day", "old_scheme_until", "revives"),
    [
        (date(2022, 1, 3), date(2022, 1, 3), True),
        (date(2022, 1, 4), date(2022, 1, 3), False),
        (date(2022, 1, 4), date(2023, 3, 31), True),
        (date(2023, 3, 31), date(2023, 3, 31), True),
        (date(2023, 4, 1), date(2023, 3, 31), False),
    ],
)
async def test_the_day_of_entrustment_decides_which_law_it_is(
    first_day: date, old_scheme_until: date, revives: bool
) -> None:
    async with settlement(MISSING, first_day=first_day, ward={"old_scheme_until": old_scheme_until}) as scene:
        await scene.until(date(first_day.year, first_day.month + 2, 1))
        assert await scene.outstanding() == (list(AMOUNTS) if revives else [0, 0])


async def test_money_that_comes_late_but_by_the_designated_date_changes_nothing() -> None:
    late = SettlementAnomalyRequest(kind=SettlementAnomaly.DEPOSIT_LATE, business_days=5)
    async with settlement(late) as scene:
        await scene.until(date(2021, 8, 20))
        assert await effect(scene, date(2021, 8, 20)) == ("paid", date(2021, 7, 5), False)
        assert await scene.is_clear()
        assert await scene.balance("lapsed_proxy_payments") == 0


async def test_a_short_deposit_covers_those_who_were_first() -> None:
    async with settlement(SettlementAnomalyRequest(kind=SettlementAnomaly.DEPOSIT_SHORT, yen=1)) as scene:
        await scene.until(date(2021, 8, 3), 1)
        still_owed = [yen for yen in await scene.outstanding() if yen]
        assert len(still_owed) == 1
        await scene.resolve("accept_difference")
        assert await scene.outstanding() == [0, 0]
        assert await scene.balance("lapsed_proxy_payments") == 0
        assert await scene.is_clear()


async def test_a_slip_paid_again_while_its_debt_had_revived_is_overpaid_once_the_agent_pays() -> None:
    async with settlement(MISSING) as scene:
        await scene.until(date(2021, 8, 3), 1)
        slip = scene.slips[0]
        await scene.deliver("elsewhere", slip, ReceiptKind.PRELIMINARY, Settler.BANK)
        assert await scene.outstanding() == [0, AMOUNTS[1]]
        await scene.correct()
        assert await scene.balance("overpayments") == -slip.amount
        assert await scene.balance("lapsed_proxy_payments") == 0


async def test_a_receipt_taken_back_after_its_deeming_fell_away_leaves_nothing_behind() -> None:
    async with settlement(MISSING) as scene:
        await scene.until(date(2021, 8, 3), 1)
        await scene.deliver(scene.payments[0], scene.slips[0], ReceiptKind.CANCELLED)
        assert await scene.balance("lapsed_proxy_payments") == -AMOUNTS[1]
        assert await scene.balance("premium_receivable") == sum(AMOUNTS)
        assert await scene.balance("in_transit_uc") == AMOUNTS[1]
        await scene.correct()
        assert await scene.balance("lapsed_proxy_payments") == 0
        assert await scene.outstanding() == [AMOUNTS[0], 0]
