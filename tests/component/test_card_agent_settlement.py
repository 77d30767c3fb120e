"""丙: accepted payments are closed and deposited, or withdrawn in time; each wait is explained."""

from __future__ import annotations

from datetime import date, datetime

import httpx
import pytest

from contracts.events import (
    LINES_PER_PAGE,
    ClosingStatementIssued,
    DepositMade,
    ProxyPaymentAccepted,
    ProxyPaymentWithdrawn,
)
from contracts.http.card_agent.payments import WithdrawalAnswer, WithdrawalRequest
from contracts.vocabulary import Agent, Refusal, Settler
from tests.component.driven_agent import DrivenAgent
from tests.component.home import Home

WITHDRAWN_CARD = "4000000000000077"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_closing_before_golden_week_is_deposited_nine_open_days_later(home: Home) -> None:
    driven = await DrivenAgent.started(home, at=at("2021-04-30T23:59:59+09:00"))
    await driven.accept("p1", "p2", card=await driven.token())
    promised = {(e.closes_on, e.deposit_on) for e in await driven.published(ProxyPaymentAccepted)}
    assert promised == {(date(2021, 4, 30), date(2021, 5, 18))}
    await driven.advance("2021-05-01T00:29:59+09:00")
    assert await driven.published(ClosingStatementIssued) == []
    await driven.advance("2021-05-01T00:30:00+09:00")
    (statement,) = await driven.published(ClosingStatementIssued)
    assert (statement.settler, statement.closed_on, statement.deposit_on) == (
        Settler.UC,
        date(2021, 4, 30),
        date(2021, 5, 18),
    )
    assert (statement.total_count, statement.total_amount, statement.fee) == (2, 17_000, 0)
    assert [line.payment_id for line in statement.lines] == ["p1", "p2"]
    await driven.advance("2021-05-18T09:59:59+09:00")
    assert await driven.published(DepositMade) == []
    assert await driven.held() == 17_000
    await driven.advance("2021-05-18T10:00:00+09:00")
    (deposit,) = await driven.published(DepositMade)
    assert (deposit.amount, deposit.deposited_on) == (17_000, date(2021, 5, 18))
    assert deposit.statement_id == statement.statement_id
    assert await driven.held() == 0


async def test_the_day_after_a_closing_belongs_to_the_next_one(home: Home) -> None:
    driven = await DrivenAgent.started(home, at("2021-04-15T23:59:59+09:00"), agent=Agent.JCB)
    card = await driven.token("3530000000000003")
    await driven.accept("p1", card=card)
    await driven.advance("2021-04-16T00:00:00+09:00")
    await driven.accept("p2", card=card)
    assert [(e.payment_id, e.closes_on) for e in await driven.published(ProxyPaymentAccepted)] == [
        ("p1", date(2021, 4, 15)),
        ("p2", date(2021, 4, 30)),
    ]
    await driven.advance("2021-06-01T00:00:00+09:00")
    assert [(e.closed_on, e.amount) for e in await driven.published(DepositMade)] == [
        (date(2021, 4, 15), 8_500),
        (date(2021, 4, 30), 8_500),
    ]


async def test_a_message_that_comes_after_its_closing_counts_for_the_next(home: Home) -> None:
    driven = await DrivenAgent.started(home, at=at("2021-04-20T23:59:00+09:00"))
    card = await driven.token()
    await driven.accept("p1", card=card)
    await driven.send(driven.request("p2", card))
    on_its_way = driven.entrustment("p2", card)
    await driven.advance("2021-04-21T00:30:00+09:00")
    assert len(await driven.published(ClosingStatementIssued)) == 1
    await driven.send(on_its_way, sent_at=at("2021-04-20T23:59:59+09:00"))
    (_, second) = await driven.published(ProxyPaymentAccepted)
    assert second.accepted_at == at("2021-04-20T23:59:59+09:00")
    assert second.closes_on == date(2021, 4, 30)


async def test_an_entrustment_delivered_again_begins_no_closing(home: Home) -> None:
    driven = await DrivenAgent.started(home, at=at("2021-04-20T12:00:00+09:00"))
    card = await driven.token()
    entrustment = driven.entrustment("p1", card)
    await driven.send(driven.request("p1", card), entrustment)
    await driven.advance("2021-04-21T12:00:00+09:00")
    before, due = await driven.service.queries.statements(), (await driven.service.status()).next_due_at
    await driven.send(entrustment, ids=["again"])
    assert await driven.service.queries.statements() == before
    assert (await driven.service.status()).next_due_at == due
    assert len(await driven.published(ProxyPaymentAccepted)) == 1
    assert await driven.dead_letters() == []


async def test_a_large_statement_comes_in_pages_that_add_up(home: Home) -> None:
    driven = await DrivenAgent.started(home, credit_limit=100_000_000)
    ids = [f"p{n:04}" for n in range(2 * LINES_PER_PAGE + 1)]
    await driven.accept(*ids, card=await driven.token(), amount=100)
    await driven.advance("2021-04-21T00:30:00+09:00")
    pages = await driven.published(ClosingStatementIssued)
    assert [(p.page, p.pages, len(p.lines)) for p in pages] == [(1, 3, 500), (2, 3, 500), (3, 3, 1)]
    assert {(p.total_count, p.total_amount) for p in pages} == {(1_001, 100_100)}
    assert [line.payment_id for page in pages for line in page.lines] == ids


async def test_a_net_fee_is_kept_back_from_the_deposit(home: Home) -> None:
    driven = await DrivenAgent.started(home, fee_basis="net", fee_per_mille=15)
    await driven.accept("p1", card=await driven.token(), amount=8_599)
    await driven.advance("2021-06-01T00:00:00+09:00")
    (statement,) = await driven.published(ClosingStatementIssued)
    (deposit,) = await driven.published(DepositMade)
    assert (statement.total_amount, statement.fee, deposit.amount) == (8_599, 128, 8_471)
    assert [(row.amount, row.fee) for row in (await driven.service.books()).statements] == [(8_599, 128)]
    assert [row.amount for row in (await driven.service.books()).deposits] == [8_471]


async def test_a_withdrawal_before_the_closing_leaves_nothing_owed(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    await driven.accept("p1", "p2", card=await driven.token())
    for _ in range(2):
        answer = await driven.service.commands.withdraw(WithdrawalRequest(payment_id="p1"))
        assert answer == WithdrawalAnswer(payment_id="p1", status="withdrawn")
    await driven.settle()
    assert [(e.payment_id, e.amount) for e in await driven.published(ProxyPaymentWithdrawn)] == [("p1", 8_500)]
    assert await driven.held() == 8_500
    await driven.advance("2021-06-01T00:00:00+09:00")
    assert [e.amount for e in await driven.published(DepositMade)] == [8_500]
    books = await driven.service.books()
    assert {(row.payment_id, row.status) for row in books.proxy_payments} == {("p1", "withdrawn"), ("p2", "taken_on")}
    assert [row.payment_id for row in books.lines] == ["p2"]


async def test_a_withdrawal_after_the_closing_is_too_late(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    await driven.accept("p1", card=await driven.token())
    await driven.advance("2021-04-21T00:30:00+09:00")
    refusal = await driven.service.commands.withdraw(WithdrawalRequest(payment_id="p1"))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "withdrawal_too_late"
    await driven.advance("2021-06-01T00:00:00+09:00")
    assert [e.amount for e in await driven.published(DepositMade)] == [8_500]
    assert await driven.published(ProxyPaymentWithdrawn) == []


async def test_what_was_never_accepted_cannot_be_withdrawn(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    await driven.send(driven.request("p1", await driven.token()))
    async with _client(driven) as http:
        only_approved = await http.post("/payments/p1/withdrawal")
        unknown = await http.post("/payments/p2/withdrawal")
    assert only_approved.json()["code"] == "nothing_to_withdraw"
    assert (unknown.status_code, unknown.json()["code"]) == (404, "payment_unknown")


async def test_a_card_company_revokes_the_sale_the_next_day(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    await driven.accept("p1", card=await driven.token(WITHDRAWN_CARD))
    await driven.advance("2021-06-01T00:00:00+09:00")
    (withdrawn,) = await driven.published(ProxyPaymentWithdrawn)
    assert withdrawn.withdrawn_at == at("2021-04-13T10:00:00+09:00")
    assert await driven.held() == 0
    assert await driven.published(ClosingStatementIssued) == []
    assert await driven.published(DepositMade) == []
    assert [view.state for view in await driven.service.queries.statements()] == ["empty"]


async def test_a_sale_revoked_too_late_is_noted_and_deposited(home: Home) -> None:
    driven = await DrivenAgent.started(home, at=at("2021-04-20T12:00:00+09:00"))
    await driven.accept("p1", card=await driven.token(WITHDRAWN_CARD))
    await driven.advance("2021-06-01T00:00:00+09:00")
    assert await driven.published(ProxyPaymentWithdrawn) == []
    assert [e.amount for e in await driven.published(DepositMade)] == [8_500]
    story = (await driven.service.queries.explain(["p1"]))["p1"]
    assert "取下げ不可 withdrawal came too late" in [step.event for step in story.steps]
    assert await driven.dead_letters() == []


async def test_a_story_says_what_it_waits_for_and_by_which_rule(home: Home) -> None:
    driven = await DrivenAgent.started(home, at=at("2021-04-30T12:00:00+09:00"))
    await driven.accept("p1", card=await driven.token())
    waiting = (await driven.service.queries.explain(["p1", "p2"]))["p1"].waiting
    assert waiting is not None
    assert (waiting.waits_for, waiting.until) == ("締め closing", at("2021-05-01T00:30:00+09:00"))
    assert "10/20/eom [closing_days]" in waiting.because
    await driven.advance("2021-05-02T00:00:00+09:00")
    waiting = (await driven.service.queries.explain(["p1"]))["p1"].waiting
    assert waiting is not None
    assert (waiting.waits_for, waiting.until) == ("入金 deposit", at("2021-05-18T10:00:00+09:00"))
    assert "9 bank business days" in waiting.because
    assert "6 weekend days 土日" in waiting.because
    assert "05-03 祝日 Constitution Day" in waiting.because
    await driven.advance("2021-06-01T00:00:00+09:00")
    story = (await driven.service.queries.explain(["p1"]))["p1"]
    assert story.waiting is None
    assert [step.event.split(" ")[0] for step in story.steps] == [
        "与信照会",
        "与信承認",
        "代理納付引受",
        "締め",
        "入金",
    ]


async def test_the_routes_answer(home: Home) -> None:
    driven = await DrivenAgent.started(home, closing_days="eom", holiday_shift="following")
    await driven.accept("p1", card=await driven.token())
    async with _client(driven) as http:
        payment = (await http.get("/payments/p1")).json()
        story = (await http.get("/payments/p1/explanation")).json()
        unknown = await http.get("/payments/p2/explanation")
        terms = (await http.get("/terms")).json()
        cards = (await http.get("/test-cards")).json()
        (statement,) = (await http.get("/statements")).json()
        withdrawn = await http.post("/payments/p1/withdrawal")
    assert (payment["status"], payment["last4"], payment["closes_on"]) == ("taken_on", "0002", "2021-04-30")
    assert [step["party"] for step in story["steps"]] == ["card_agent.uc"] * 3
    assert unknown.status_code == 404
    assert (terms["closing_days"], terms["holiday_shift"], terms["fee_basis"]) == ("eom", "following", "gross")
    assert {card["brand"] for card in cards} == {"visa", "mastercard"}
    assert (statement["state"], statement["deposit_on"]) == ("open", "2021-05-18")
    assert withdrawn.json() == {"payment_id": "p1", "status": "withdrawn"}


@pytest.mark.parametrize("part", ["authorize", "accept", "close", "deposit"])
async def test_a_restart_goes_on_where_it_stopped(part: str, home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    stops = {
        "authorize": "2021-04-12T12:00:00+09:00",
        "accept": "2021-04-20T12:00:00+09:00",
        "close": "2021-04-21T12:00:00+09:00",
        "deposit": "2021-06-01T00:00:00+09:00",
    }
    await driven.send(driven.request("p1", card))
    if part != "authorize":
        await driven.send(driven.entrustment("p1", card))
    await driven.advance(stops[part])
    await driven.restart()
    if part == "authorize":
        await driven.send(driven.entrustment("p1", card))
    await driven.advance("2021-06-02T00:00:00+09:00")
    assert [e.amount for e in await driven.published(DepositMade)] == [8_500]
    assert await driven.held() == 0


def _client(driven: DrivenAgent) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=driven.http), base_url="http://agent")
