"""Any anomaly of a closing, under any terms, is found and can be resolved, and no yen is lost."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from contracts.calendar import HolidayShift
from contracts.http.card_agent.anomalies import CorrectionRequest, SettlementAnomalyRequest
from contracts.http.ward.settlement import OpenItem
from contracts.vocabulary import SettlementAnomaly
from services.console.books.known import State
from tests.scenarios.settlement_scene import SettlementScene, settlement

K = SettlementAnomaly
terms = st.fixed_dictionaries(
    {
        "closing_days": st.sampled_from(["eom", "15/eom", "10/20/eom", "5/10/15/20/25/eom", "6"]),
        "deposit_business_days": st.integers(1, 10),
        "holiday_shift": st.sampled_from(HolidayShift),
        "fee_basis": st.sampled_from(["gross", "net"]),
        "fee_per_mille": st.integers(1, 300),
        "deposit_split": st.sampled_from(["closing", "brand"]),
        "designated_date_rule": st.sampled_from(["after_deposit", "end_of_month"]),
        "designated_date_business_days": st.integers(0, 5),
    }
)
anomalies = st.dictionaries(st.sampled_from(sorted(K)), st.integers(1, 12_000), max_size=4)
LONG = timedelta(days=120)
STEPS = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a story takes a second, so failing ones are not shrunk
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@STEPS
@given(terms, st.dates(date(2021, 4, 1), date(2022, 3, 31)))
def test_on_any_terms_two_payments_are_settled_and_nothing_is_open(agreed: dict[str, Any], first_day: date) -> None:
    async def story() -> None:
        async with settlement(first_day=first_day, uc=agreed) as scene:
            await scene.until(first_day + LONG)
            assert await scene.is_clear()
            assert (await scene.audited()).findings == ()
            assert await scene.outstanding() == [0, 0]

    asyncio.run(story())


@STEPS
@given(
    asked=anomalies, split=st.sampled_from(["closing", "brand"]), corrects=st.booleans(), after_days=st.integers(0, 60)
)
@example(asked={K.WRONG_ACCOUNT: 1, K.DEPOSIT_DOUBLED: 1}, split="brand", corrects=True, after_days=0)
@example(asked={K.DEPOSIT_MISSING: 1, K.UNKNOWN_PAYMENT: 700}, split="closing", corrects=True, after_days=30)
@example(asked={K.PAYMENT_LEFT_OUT: 1, K.DEPOSIT_MISSING: 1}, split="closing", corrects=False, after_days=14)
@example(
    asked={K.PAYMENT_LEFT_OUT: 1, K.LINE_OMITTED: 1, K.DEPOSIT_SHORT: 12_000},
    split="closing",
    corrects=True,
    after_days=0,
)
def test_whatever_goes_wrong_is_found_and_dealt_with_to_the_yen(
    asked: dict[SettlementAnomaly, int], split: str, corrects: bool, after_days: int
) -> None:
    """A clerk decides about all that is open; in between, or never, the agent corrects itself."""
    asyncio.run(_dealt_with(asked, split, corrects, after_days))


async def _dealt_with(asked: dict[SettlementAnomaly, int], split: str, corrects: bool, after_days: int) -> None:
    first_day, deposited = date(2021, 7, 5), date(2021, 7, 26)
    requests = [SettlementAnomalyRequest(kind=kind, yen=yen) for kind, yen in asked.items()]
    agreed = {"fee_basis": "net", "fee_per_mille": 20, "deposit_split": split}
    async with settlement(*requests, first_day=first_day, uc=agreed) as scene:
        for day in range(0, (deposited - first_day).days + after_days, 7):
            await scene.until(first_day + timedelta(days=day))
            await _nothing_is_unexplained(scene)
        await scene.until(deposited + timedelta(days=after_days))
        await _nothing_is_unexplained(scene)
        if corrects and asked:
            await scene.agent.commands.correct(CorrectionRequest(statement_id=await scene.statement()))
            await scene.sandbox.settle()
            await _nothing_is_unexplained(scene)
        await scene.until(deposited + LONG)
        await _decide_about_everything(scene)
        assert await _open_ones(scene) == []
        states = {finding.state for finding in (await scene.audited()).findings}
        assert State.UNEXPLAINED not in states
        left_out = K.PAYMENT_LEFT_OUT in asked and not corrects
        assert (State.OPEN in states) == left_out
        assert await scene.balance("deposit_differences") == await scene.balance("claims_on_settlers") == 0
        assert await scene.balance("in_transit_uc") == (waited_for := await _yen_left_out(scene))
        assert (waited_for > 0) == left_out


async def _nothing_is_unexplained(scene: SettlementScene) -> None:
    found = await scene.audited()
    assert found.conserved, found.findings
    assert sum(view.balance for view in await scene.sandbox.ward.queries.balances()) == 0


async def _open_ones(scene: SettlementScene) -> list[OpenItem]:
    """Items that a clerk can decide. For a payment that its agent left out there is no decision, only a wait."""
    waiting = ("receipt_not_deposited", "discrepancy", "proxy_payment_lapsed")
    return [item for item in await scene.sandbox.ward.queries.open_items() if item.kind not in waiting]


async def _yen_left_out(scene: SettlementScene) -> int:
    items = await scene.sandbox.ward.queries.open_items()
    return sum(item.amount for item in items if item.kind == "receipt_not_deposited")


async def _decide_about_everything(scene: SettlementScene) -> None:
    """Deposits first, since money missing from them cannot be returned; then line by line."""
    for deposit in await scene.sandbox.ward.queries.deposits():
        if deposit.account:
            await scene.resolve("reassign_deposit", deposit_id=deposit.deposit_id)
    for item in await _open_ones(scene):
        if item.difference:
            action = "return_excess" if item.difference > 0 else "accept_difference"
            await scene.resolve(action, statement_id=item.subject)
        for payment in item.payments:
            await scene.resolve("return_payment", statement_id=item.subject, payment_id=payment.payment_id)
        if "totals_differ" in item.codes:
            for listed in await scene.sandbox.ward.queries.open_items():
                if "receipt_unlisted" in listed.codes:
                    await scene.try_to_resolve("add_line", statement_id=item.subject, payment_id=listed.subject)
