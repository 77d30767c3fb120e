"""甲: a payment whose money misses the designated date ceases to count, and counts again when the money comes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import httpx
import msgspec
import pytest

from contracts.events import ClosingStatementIssued, StatementLine
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import ReceiptKind
from tests.component.driven import refused
from tests.component.driven_ward import NOON, DrivenWard, deposit, receipt, statement
from tests.component.home import Home

P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED
DESIGNATED_DATE = date(2021, 8, 6)
OVER = datetime.fromisoformat("2021-08-07T00:00:00+09:00")
TWO = [("p1", 10_000), ("p2", 10_000)]


def with_dates(pages: list[ClosingStatementIssued], *, entrusted_at: datetime = NOON) -> list[ClosingStatementIssued]:
    """The pages of a statement as a card agent issues them."""
    return [
        msgspec.structs.replace(
            page,
            designated_date=DESIGNATED_DATE,
            lines=tuple(
                StatementLine(line.payment_id, line.amount, entrusted_at, entrusted_at + timedelta(seconds=n))
                for n, line in enumerate(page.lines)
            ),
        )
        for page in pages
    ]


async def before_the_designated_date(home: Home, *, page_size: int = 500) -> tuple[DrivenWard, list[SlipView]]:
    """Two payments and their statement; no deposit."""
    ward = await DrivenWard.started(home)
    slips = list(await ward.assess())
    for kind in (P, C):
        await ward.send(receipt("p1", slips[0], kind), receipt("p2", slips[1], kind))
    await ward.send(*with_dates(statement(TWO, page_size=page_size)))
    return ward, slips


async def step_to(ward: DrivenWard, at: datetime) -> None:
    ward.clock.step_to(at)
    await ward.settle()


async def outstanding(ward: DrivenWard, slips: list[SlipView]) -> list[int]:
    found = [await ward.service.queries.slip(slip.slip_number) for slip in slips[:2]]
    return [view.outstanding for view in found if isinstance(view, SlipView)]


async def test_what_did_not_come_by_the_designated_date_is_owed_again_until_it_comes(home: Home) -> None:
    ward, slips = await before_the_designated_date(home)
    before = await ward.balances()
    await step_to(ward, OVER - timedelta(seconds=1))
    assert await outstanding(ward, slips) == [0, 0]
    await step_to(ward, OVER)
    assert await outstanding(ward, slips) == [10_000, 10_000]
    assert (await ward.balances())["lapsed_proxy_payments"] == -20_000
    assert set(await ward.reasons("proxy_payment_lapsed")) == {"p1", "p2"}
    await ward.send(deposit(10_000))
    assert await outstanding(ward, slips) == [0, 10_000], "the first entrusted is covered first"
    await ward.send(deposit(10_000, deposit_id="d2"))
    assert await outstanding(ward, slips) == [0, 0]
    assert await ward.reconciled() == ["s1"]
    after = await ward.balances()
    assert after["premium_receivable"] == before["premium_receivable"]
    assert "lapsed_proxy_payments" not in after
    assert await ward.service.dead_letters() == []


async def test_a_second_review_and_a_restart_change_nothing(home: Home) -> None:
    ward, _ = await before_the_designated_date(home)
    await step_to(ward, OVER)
    books = await ward.service.books()
    await ward.send(*with_dates(statement(TWO)), again="under another id")
    await step_to(ward, OVER + timedelta(days=30))
    assert await ward.service.books() == books


async def test_money_seen_late_that_was_deposited_in_time_leaves_no_gap(home: Home) -> None:
    ward, slips = await before_the_designated_date(home)
    await step_to(ward, OVER)
    await ward.send(deposit(20_000))  # deposited on 30 July, reported only now
    view = await ward.service.queries.deeming(slips[0].slip_number, DESIGNATED_DATE + timedelta(days=1))
    assert (view.effect, view.since) == ("paid", NOON.date())  # type: ignore[union-attr]
    assert await outstanding(ward, slips) == [0, 0]


async def test_a_page_that_comes_after_the_designated_date_is_reviewed_at_once(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = list(await ward.assess())
    await ward.send(receipt("p1", slips[0]), receipt("p2", slips[1]))
    first, second = with_dates(statement(TWO, page_size=1))
    await ward.send(first)
    await step_to(ward, OVER)
    assert await outstanding(ward, slips) == [10_000, 0]
    await ward.send(second)
    assert await outstanding(ward, slips) == [10_000, 10_000]


async def test_a_receipt_that_comes_after_its_statement_lapsed_lapses_with_it(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = list(await ward.assess())
    await ward.send(receipt("p1", slips[0]))
    await ward.send(*with_dates(statement(TWO)))
    await step_to(ward, OVER)
    await ward.send(receipt("p2", slips[1], C))
    assert await outstanding(ward, slips) == [10_000, 10_000]


@pytest.mark.parametrize("order", [(P, C, X), (X, P, C)])
async def test_a_cancelled_payment_has_nothing_to_lapse(order: tuple[ReceiptKind, ...], home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = list(await ward.assess())
    for kind in order:
        await ward.send(receipt("p1", slips[0], kind))
    await ward.send(*with_dates(statement(TWO[:1])))
    await step_to(ward, OVER)
    assert "lapsed_proxy_payments" not in await ward.balances()
    assert await ward.reasons("proxy_payment_lapsed") == {}


async def test_a_receipt_that_no_statement_lists_is_found_when_its_month_is_long_over(home: Home) -> None:
    ward = await DrivenWard.started(home, statement_expected_days=5)
    slips = list(await ward.assess())
    await ward.send(receipt("p1", slips[0]), receipt("p2", slips[1]), receipt("p3", slips[2]))
    await ward.send(receipt("p3", slips[2], X), *statement(TWO[:1]))
    assert "receipt_unlisted 明細漏れ" in (await ward.reasons("receipt_not_deposited"))["p2"]
    await step_to(ward, datetime.fromisoformat("2021-08-05T23:59:59+09:00"))
    assert await ward.reasons("discrepancy") == {}
    await step_to(ward, datetime.fromisoformat("2021-08-06T00:00:00+09:00"))
    assert set(await ward.reasons("discrepancy")) == {"p2"}
    await ward.send(*statement(TWO[1:], statement_id="s2"))
    assert await ward.reasons("discrepancy") == {}


async def test_the_deeming_of_a_slip_is_shown_for_any_day(home: Home) -> None:
    ward, slips = await before_the_designated_date(home)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=ward.http), base_url="http://ward") as http:
        path = f"/slips/{slips[0].slip_number}/deeming"
        today = (await http.get(path)).json()
        over = (await http.get(path, params={"on": "2021-08-07"})).json()
        unknown = await http.get("/slips/1/deeming")
    assert (today["effect"], today["since"], today["owed_by_payer"]) == ("deemed", "2021-07-12", False)
    assert (over["effect"], over["since"], over["owed_by_payer"]) == ("revived", None, True)
    (payment,) = over["payments"]
    assert (payment["mode"], payment["designated_date"], payment["entrusted_on"]) == (
        "designated_agent",
        "2021-08-06",
        "2021-07-12",
    )
    assert unknown.json()["code"] == "slip_unknown"
    assert refused(await ward.service.queries.deeming("1")).code == "slip_unknown"
