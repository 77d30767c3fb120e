"""入金通知 of settlements that go wrong: the bank reports what was deposited, whatever the card agent booked.

UC closes on 10 July 2021 what was paid on the 5th, and deposits on 26 July.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from contracts.books import DepositRow
from contracts.formats.zengin import Kind
from contracts.http.card_agent.anomalies import SettlementAnomalyRequest
from contracts.vocabulary import SettlementAnomaly, Settler
from services.console.books.bank_notice import Code, Difference, Notice, Period, differences, read, written
from services.console.books.paid_in import paid_in
from tests.scenarios.settlement_scene import SettlementScene, settlement

K = SettlementAnomaly
DEPOSITED, LATE = date(2021, 7, 26), date(2021, 7, 29)
JULY = Period(date(2021, 7, 1), date(2021, 7, 31))
FEES = {"fee_basis": "net", "fee_per_mille": 20}


async def came(scene: SettlementScene) -> Sequence[DepositRow]:
    statements = [s for agent in scene.sandbox.agents.values() for s in await agent.queries.statements()]
    return paid_in(await scene.sandbox.provider.books(), statements)


async def notice_of(scene: SettlementScene, kind: Kind) -> Notice:
    (found,) = read([written(kind, JULY, await came(scene))], JULY.last)
    return found


async def disagreements(scene: SettlementScene, notice: Notice) -> Sequence[Difference]:
    return differences(notice, (await scene.sandbox.books())["ward"])


def rows_of(notice: Notice) -> list[tuple[date, str | None, int]]:
    return [(t.row.posted_on, t.settler, t.row.amount) for t in notice.came_in()]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    ("asked", "uc", "expected"),
    [
        (None, {}, [(DEPOSITED, "uc", 10_000)]),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600), {}, [(DEPOSITED, "uc", 9_400)]),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_OVER, yen=600), {}, [(DEPOSITED, "uc", 10_600)]),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_DOUBLED), {}, [(DEPOSITED, "uc", 10_000)] * 2),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_LATE, business_days=3), {}, [(LATE, "uc", 10_000)]),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_MISSING), {}, []),
        (SettlementAnomalyRequest(kind=K.WRONG_ACCOUNT), {}, []),
        (SettlementAnomalyRequest(kind=K.FEE_TWICE), FEES, [(DEPOSITED, "uc", 9_600)]),
    ],
    ids=lambda value: value.kind.value if isinstance(value, SettlementAnomalyRequest) else "",
)
async def test_the_notice_tells_what_really_came(
    kind: Kind, asked: SettlementAnomalyRequest | None, uc: dict[str, object], expected: list[tuple[date, str, int]]
) -> None:
    async with settlement(*([asked] if asked else []), uc=uc) as scene:
        await scene.until(date(2021, 7, 31))
        notice = await notice_of(scene, kind)
        assert rows_of(notice) == expected
        assert await disagreements(scene, notice) == [], "the ward has on record what came, right or wrong"


async def test_the_agent_believes_otherwise() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600)) as scene:
        await scene.until(DEPOSITED)
        believed = (await scene.agent.books()).deposits
        assert [d.amount for d in believed] == [10_000]
        notice = await notice_of(scene, Kind.TRANSFERS_RECEIVED)
        (found,) = differences(notice, await scene.agent.books())
        assert (found.code, found.told, found.booked) == (Code.AMOUNT_DIFFERS, 9_400, 10_000)


async def test_what_is_made_good_comes_as_a_deposit_of_its_own() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600)) as scene:
        await scene.until(LATE)
        await scene.correct()
        notice = await notice_of(scene, Kind.ACCOUNT_ENTRIES)
        assert rows_of(notice) == [(DEPOSITED, "uc", 9_400), (LATE, "uc", 600)]
        assert (notice.header.balance, notice.totals.balance) == (0, 10_000)
        assert await disagreements(scene, notice) == []


async def test_money_brought_over_from_another_account_is_on_record_and_not_in_the_notice() -> None:
    async with settlement(SettlementAnomalyRequest(kind=K.WRONG_ACCOUNT)) as scene:
        await scene.until(DEPOSITED)
        (deposit,) = await scene.sandbox.ward.queries.deposits()
        await scene.resolve("reassign_deposit", deposit_id=deposit.deposit_id)
        (found,) = await disagreements(scene, await notice_of(scene, Kind.TRANSFERS_RECEIVED))
        assert (found.code, found.settler, found.booked) == (Code.NOT_IN_NOTICE, Settler.UC, 10_000)
        assert (found.deposit_id, found.brought_over) == (deposit.deposit_id, True)
