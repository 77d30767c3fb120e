"""乙: internet banking, receipt data over holidays, the bank network's closings and deposits, explanations."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from contracts.events import AuthorizationRequested, ClosingStatementIssued, DepositMade, PaymentDeclined
from contracts.http.service import Waiting
from contracts.vocabulary import DeclineReason, Method, Settler
from tests.component.driven import accepted, jst, refused
from tests.component.driven_provider import NOON, DrivenProvider, slip
from tests.component.home import Home

TWO_SECONDS = timedelta(seconds=2)


async def statements(driven: DrivenProvider) -> list[tuple[date, date, int, int]]:
    """(closed on, deposit on, payments, yen) of each statement of the bank network."""
    pages = await driven.published(ClosingStatementIssued)
    assert {page.settler for page in pages} <= {Settler.BANK}
    assert all(sum(line.amount for line in page.lines) == page.total_amount for page in pages)
    return [(page.closed_on, page.deposit_on, page.total_count, page.total_amount) for page in pages]


async def deposits(driven: DrivenProvider) -> list[tuple[date, int]]:
    return [(d.deposited_on, d.amount) for d in await driven.published(DepositMade)]


# ---- what banks answer ------------------------------------------------------------------------------------


async def test_a_bank_payment_goes_the_whole_way(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.scanned()
    view = accepted(await driven.choose_bank(payment_id))
    assert (view.status, view.method, view.agent, view.system_fee) == ("at_bank", Method.INTERNET_BANKING, None, 0)
    await driven.advance(NOON + timedelta(seconds=1))
    assert await driven.status(payment_id) == "at_bank"
    await driven.advance(NOON + TWO_SECONDS)
    assert await driven.status(payment_id) == "paid"
    await driven.advance(jst("2021-05-01T00:00"))
    assert await driven.receipts(payment_id) == [("01", NOON + TWO_SECONDS), ("02", jst("2021-04-15T09:00"))]
    assert await statements(driven) == [(date(2021, 4, 12), date(2021, 4, 14), 1, 8_500)]
    assert await deposits(driven) == [(date(2021, 4, 14), 8_500)]
    assert await driven.published(AuthorizationRequested) == []


async def test_a_bank_that_refuses_ends_the_payment_and_frees_the_slip(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid_by_bank(slip(1), "9001")
    view = accepted(await driven.service.queries.payment(payment_id))
    assert (view.status, view.decline_reason) == ("declined", DeclineReason.BANK_REFUSED)
    (event,) = await driven.published(PaymentDeclined)
    assert (event.payment_id, event.method) == (payment_id, Method.INTERNET_BANKING)
    accepted(await driven.scan(slip(1)))
    await driven.advance(jst("2021-05-01T00:00"))
    assert await driven.receipts(payment_id) == []
    assert [*await statements(driven), *await deposits(driven)] == []


async def test_an_approval_that_is_taken_back_is_a_cancelled_receipt_and_no_money(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    reversed_, standing = await driven.paid_by_bank(slip(1), "9002"), await driven.paid_by_bank(slip(2))
    await driven.advance(jst("2021-05-01T00:00"))
    assert await driven.status(reversed_) == "cancelled"
    assert await driven.receipts(reversed_) == [
        ("01", NOON + TWO_SECONDS),
        ("03", NOON + TWO_SECONDS + timedelta(minutes=30)),
    ]
    assert await driven.status(standing) == "confirmed"
    assert await statements(driven) == [(date(2021, 4, 12), date(2021, 4, 14), 1, 8_500)]
    accepted(await driven.scan(slip(1)))


async def test_a_day_whose_payments_all_fell_away_has_neither_statement_nor_deposit(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    await driven.paid_by_bank(slip(1), "9002")
    await driven.advance(jst("2021-05-01T00:00"))
    assert [*await statements(driven), *await deposits(driven)] == []
    assert (await driven.service.books()).statements == []


async def test_what_is_taken_back_in_the_last_moment_of_its_day_is_not_totalled(home: Home) -> None:
    driven = await DrivenProvider.started(home, at=jst("2021-04-12T23:59:57"))
    payment_id = await driven.paid_by_bank(slip(1), "9002")
    await driven.advance(jst("2021-05-01T00:00"))
    assert await driven.receipts(payment_id) == [
        ("01", jst("2021-04-12T23:59:59")),
        ("03", jst("2021-04-13T00:29:59")),
    ]
    assert [*await statements(driven), *await deposits(driven)] == []


async def test_an_agent_cannot_accept_what_a_bank_was_asked_for(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid_by_bank(slip(1), "9003")
    await driven.send(driven.accepting(payment_id))
    assert await driven.status(payment_id) == "at_bank"
    assert await driven.receipts(payment_id) == []


async def test_a_late_bank_keeps_the_slip_taken_until_it_answers(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid_by_bank(slip(1), "9003")
    await driven.advance(NOON + timedelta(minutes=9))
    assert await driven.status(payment_id) == "at_bank"
    assert refused(await driven.scan(slip(1))).code == "payment_in_progress"
    await driven.crash()
    await driven.advance(NOON + timedelta(minutes=10))
    assert await driven.status(payment_id) == "paid"


async def test_a_timer_that_comes_again_changes_nothing(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    for number, bank_code in enumerate(("0001", "9001", "9002", "9003"), 1):
        await driven.paid_by_bank(slip(number), bank_code)
    overdue = await driven.asked(slip(5))
    await driven.paid(slip(6))
    await driven.advance(jst("2021-05-01T00:00"))
    before = await driven.service.books()
    assert await driven.redeliver_timers() == 2 * 11
    await driven.crash()
    await driven.settle()
    assert await driven.service.books() == before
    assert len(before.receipts) == 8
    assert (len(await statements(driven)), len(await deposits(driven))) == (1, 1)
    assert await driven.status(overdue) == "declined"
    assert await driven.service.dead_letters() == []


# ---- days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid_at", "confirmed_at", "deposited_on"),
    [
        ("2021-04-28T12:00", "2021-05-07T09:00", date(2021, 5, 6)),
        ("2021-04-29T12:00", "2021-05-07T09:00", date(2021, 5, 6)),
        ("2021-04-30T12:00", "2021-05-10T09:00", date(2021, 5, 7)),
        ("2021-05-01T12:00", "2021-05-10T09:00", date(2021, 5, 7)),
        ("2021-05-05T23:50", "2021-05-10T09:00", date(2021, 5, 7)),
        ("2021-05-06T00:10", "2021-05-11T09:00", date(2021, 5, 10)),
    ],
)
async def test_over_golden_week_confirmation_and_deposit_wait_for_the_banks(
    paid_at: str, confirmed_at: str, deposited_on: date, home: Home
) -> None:
    driven = await DrivenProvider.started(home, at=jst(paid_at))
    payment_id = await driven.paid_by_bank()
    await driven.advance(jst("2021-05-31T00:00"))
    assert (await driven.receipts(payment_id))[1] == ("02", jst(confirmed_at))
    assert await deposits(driven) == [(deposited_on, 8_500)]


async def test_each_day_of_the_banks_is_totalled_and_deposited_once(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    for day, amounts in ((12, (1_000, 2_000)), (13, (4_000,)), (17, (8_000,))):
        await driven.advance(jst(f"2021-04-{day}T12:00"))
        for amount in amounts:
            await driven.paid_by_bank(slip(amount, amount))
    await driven.advance(jst("2021-04-14T00:29"))
    await driven.crash()
    await driven.advance(jst("2021-05-31T00:00"))
    assert await statements(driven) == [
        (date(2021, 4, 12), date(2021, 4, 14), 2, 3_000),
        (date(2021, 4, 13), date(2021, 4, 15), 1, 4_000),
        (date(2021, 4, 17), date(2021, 4, 20), 1, 8_000),
    ]
    assert await deposits(driven) == [
        (date(2021, 4, 14), 3_000),
        (date(2021, 4, 15), 4_000),
        (date(2021, 4, 20), 8_000),
    ]


async def test_a_payment_belongs_to_the_day_on_which_its_bank_answered(home: Home) -> None:
    driven = await DrivenProvider.started(home, at=jst("2021-04-12T23:59:59"))
    await driven.paid_by_bank()
    await driven.advance(jst("2021-05-01T00:00"))
    assert [closed_on for closed_on, *_ in await statements(driven)] == [date(2021, 4, 13)]


async def test_a_statement_is_issued_half_an_hour_after_its_day(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    await driven.paid_by_bank()
    await driven.advance(jst("2021-04-13T00:29:59"))
    assert await statements(driven) == []
    await driven.advance(jst("2021-04-13T00:30"))
    assert len(await statements(driven)) == 1
    await driven.advance(jst("2021-04-14T09:59:59"))
    assert await deposits(driven) == []
    await driven.advance(jst("2021-04-14T10:00"))
    assert len(await deposits(driven)) == 1


async def test_a_day_with_more_payments_than_a_page_holds_is_told_in_pages(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payments = await asyncio.gather(*(driven.scanned(slip(number, 100)) for number in range(1, 502)))
    for answer in await asyncio.gather(*map(driven.choose_bank, payments)):
        accepted(answer)
    await driven.advance(jst("2021-04-13T01:00"))
    pages = await driven.published(ClosingStatementIssued)
    assert [(page.page, page.pages, len(page.lines)) for page in pages] == [(1, 2, 500), (2, 2, 1)]
    assert {(page.total_count, page.total_amount) for page in pages} == {(501, 50_100)}
    assert len({line.payment_id for page in pages for line in page.lines}) == 501


# ---- explanations -----------------------------------------------------------------------------------------


async def wait_of(driven: DrivenProvider, payment_id: str) -> tuple[str, datetime | None, str]:
    """(what the payment waits for in the standard term, until when, why)"""
    waiting = await driven.waiting(payment_id)
    assert isinstance(waiting, Waiting)
    return waiting.waits_for.split()[0], waiting.until, waiting.because


async def test_a_card_payment_s_waits_name_their_rule_and_setting(home: Home) -> None:
    driven = await DrivenProvider.started(home, at=jst("2021-04-28T12:00"), authorization_timeout_seconds=45)
    payment_id = await driven.scanned()
    assert (await wait_of(driven, payment_id))[:2] == ("支払方法の選択", None)
    accepted(await driven.choose_card(payment_id))
    asked = await wait_of(driven, payment_id)
    assert asked[:2] == ("与信照会結果", jst("2021-04-28T12:00:45"))
    assert "45 s" in asked[2]
    assert "[authorization_timeout_seconds]" in asked[2]
    await driven.send(driven.approval(payment_id))
    assert (await wait_of(driven, payment_id))[0] == "代理納付引受"
    await driven.send(driven.accepting(payment_id))
    taken = await wait_of(driven, payment_id)
    assert taken[:2] == ("確報", jst("2021-05-07T09:00"))
    assert "3 bank business days (銀行営業日)" in taken[2]
    assert "[confirmation_business_days]" in taken[2]
    assert all(day in taken[2] for day in ("04-29", "05-03", "05-04", "05-05", "昭和の日"))
    await driven.advance(jst("2021-05-07T09:00"))
    assert await driven.waiting(payment_id) is None
    assert await driven.steps(payment_id) == ["納付書読取", "与信照会依頼", "代理納付委託", "速報", "確報"]


async def test_a_bank_payment_s_waits_name_their_rule_and_setting(home: Home) -> None:
    driven = await DrivenProvider.started(home, at=jst("2021-04-28T12:00"), bank_deposit_business_days=4)
    payment_id = await driven.scanned()
    accepted(await driven.choose_bank(payment_id))
    assert (await wait_of(driven, payment_id))[0] == "金融機関応答"
    await driven.advance(jst("2021-05-07T09:00"))
    deposit = await wait_of(driven, payment_id)
    assert deposit[:2] == ("入金", jst("2021-05-10T10:00"))
    assert "4 bank business days after 2021-04-28 [bank_deposit_business_days]" in deposit[2]
    assert "昭和の日" in deposit[2]
    await driven.advance(jst("2021-05-10T10:00"))
    assert await driven.waiting(payment_id) is None
    assert await driven.steps(payment_id) == ["納付書読取", "金融機関照会", "速報", "締め", "確報", "入金"]


async def test_how_a_payment_ended_is_told(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    abandoned, refused_by_bank = await driven.scanned(slip(1)), await driven.paid_by_bank(slip(2), "9001")
    await driven.scanned(slip(1))
    reversed_ = await driven.paid_by_bank(slip(3), "9002")
    await driven.advance_seconds(3_600)
    assert await driven.steps(abandoned) == ["納付書読取", "中断"]
    assert await driven.steps(refused_by_bank) == ["納付書読取", "金融機関照会", "支払不成立"]
    assert await driven.steps(reversed_) == ["納付書読取", "金融機関照会", "速報", "速報取消"]
    assert [await driven.waiting(p) for p in (abandoned, refused_by_bank, reversed_)] == [None] * 3
    assert await driven.service.queries.explain(["made-up"]) == {}
