"""丙: a settlement goes wrong on request; the agent's books show its own view until it corrects itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx
import pytest

from contracts.events import ClosingStatementIssued, DepositMade, ProxyPaymentAccepted
from contracts.http.card_agent.anomalies import (
    CorrectionAnswer,
    CorrectionRequest,
    SettlementAnomalyRequest,
    SettlementAnomalyView,
)
from contracts.vocabulary import Refusal, SettlementAnomaly
from services.card_agent.behaviour import OTHER_ACCOUNT
from tests.component.driven_agent import NOON, DrivenAgent
from tests.component.home import Home

K = SettlementAnomaly
CLOSED_ON, DEPOSIT_ON = date(2021, 4, 20), date(2021, 5, 7)
ISSUED, DEPOSITED, LATER = "2021-04-21T01:00:00+09:00", "2021-05-07T12:00:00+09:00", "2021-06-20T00:00:00+09:00"


async def with_two_payments(home: Home, *asked: SettlementAnomalyRequest, **terms: Any) -> DrivenAgent:
    driven = await DrivenAgent.started(home, **terms)
    for request in asked:
        assert isinstance(await driven.service.commands.inject(request), SettlementAnomalyView)
    await driven.accept("p1", card=await driven.token())
    await driven.accept("p2", card=await driven.token("5200000000000007"), amount=1_500)
    return driven


async def deposits(driven: DrivenAgent) -> list[tuple[int, date, str]]:
    return [(e.amount, e.deposited_on, e.account) for e in await driven.published(DepositMade)]


async def believed(driven: DrivenAgent) -> list[tuple[int, date]]:
    return sorted((row.amount, row.on) for row in (await driven.service.books()).deposits)


async def correct(driven: DrivenAgent) -> CorrectionAnswer | Refusal:
    statement = (await driven.service.queries.statements())[0]
    answer = await driven.service.commands.correct(CorrectionRequest(statement_id=statement.statement_id))
    await driven.settle()
    return answer


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        (SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600), [(9_400, DEPOSIT_ON, "")]),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_OVER, yen=600), [(10_600, DEPOSIT_ON, "")]),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_DOUBLED), [(10_000, DEPOSIT_ON, "")] * 2),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_MISSING), []),
        (SettlementAnomalyRequest(kind=K.WRONG_ACCOUNT), [(10_000, DEPOSIT_ON, OTHER_ACCOUNT)]),
        (SettlementAnomalyRequest(kind=K.DEPOSIT_LATE, business_days=2), []),
    ],
    ids=lambda value: value.kind.value if isinstance(value, SettlementAnomalyRequest) else "",
)
async def test_the_agent_believes_that_it_paid_what_it_owed(
    asked: SettlementAnomalyRequest, seen: list[tuple[int, date, str]], home: Home
) -> None:
    driven = await with_two_payments(home, asked)
    await driven.advance(DEPOSITED)
    assert await deposits(driven) == seen
    assert await believed(driven) == [(10_000, DEPOSIT_ON)]
    assert await driven.held() == 0


async def test_a_late_deposit_comes_as_many_business_days_late_as_was_asked(home: Home) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=K.DEPOSIT_LATE, business_days=2))
    await driven.advance("2021-05-11T09:59:59+09:00")
    assert await deposits(driven) == []
    await driven.restart()
    await driven.advance(LATER)
    assert await deposits(driven) == [(10_000, date(2021, 5, 11), "")]
    assert await believed(driven) == [(10_000, date(2021, 5, 11))]


async def test_a_fee_is_taken_twice_only_where_one_is_taken(home: Home) -> None:
    driven = await with_two_payments(
        home, SettlementAnomalyRequest(kind=K.FEE_TWICE), fee_basis="net", fee_per_mille=20
    )
    await driven.advance(DEPOSITED)
    assert await deposits(driven) == [(9_600, DEPOSIT_ON, "")]
    gross = await DrivenAgent.started()
    refusal = await gross.service.commands.inject(SettlementAnomalyRequest(kind=K.FEE_TWICE))
    assert isinstance(refusal, Refusal)
    assert refusal.code == "anomaly_without_fee"


@pytest.mark.parametrize(
    ("kind", "listed", "count", "amount"),
    [
        (K.PAYMENT_LEFT_OUT, ["p2"], 1, 1_500),
        (K.LINE_OMITTED, ["p2"], 2, 10_000),
        (K.UNKNOWN_PAYMENT, ["p1", "p2", "unknown"], 3, 11_000),
    ],
)
async def test_a_statement_that_is_wrong_is_deposited_as_it_says(
    kind: SettlementAnomaly, listed: list[str], count: int, amount: int, home: Home
) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=kind))
    await driven.advance(DEPOSITED)
    (page,) = await driven.published(ClosingStatementIssued)
    lines = sorted(li.payment_id if len(li.payment_id) < 10 else "unknown" for li in page.lines)
    assert (lines, page.total_count, page.total_amount) == (listed, count, amount)
    assert await deposits(driven) == [(amount, DEPOSIT_ON, "")]
    books = await driven.service.books()
    assert sorted(row.amount for row in books.lines) == sorted(line.amount for line in page.lines)
    assert await driven.held() == (8_500 if kind is K.PAYMENT_LEFT_OUT else 0)


async def test_what_is_short_is_made_good_and_the_books_say_what_was_so(home: Home) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, yen=600))
    await driven.advance(DEPOSITED)
    assert await correct(driven) == CorrectionAnswer(statement_id=(await _id(driven)), deposited=600, carried_over=())
    assert sorted(await deposits(driven)) == [(600, DEPOSIT_ON, ""), (9_400, DEPOSIT_ON, "")]
    assert await believed(driven) == [(600, DEPOSIT_ON), (9_400, DEPOSIT_ON)]
    again = await correct(driven)
    assert isinstance(again, Refusal)
    assert again.code == "nothing_to_correct"


@pytest.mark.parametrize("kind", [K.DEPOSIT_MISSING, K.WRONG_ACCOUNT])
async def test_what_never_reached_the_ward_is_deposited_again(kind: SettlementAnomaly, home: Home) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=kind))
    await driven.advance(LATER)
    answer = await correct(driven)
    assert isinstance(answer, CorrectionAnswer)
    assert answer.deposited == 10_000
    assert [row for row in await deposits(driven) if not row[2]] == [(10_000, date(2021, 6, 20), "")]
    assert await believed(driven) == [(10_000, date(2021, 6, 20))]


async def test_a_late_deposit_that_is_on_its_way_is_not_paid_again(home: Home) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=K.DEPOSIT_LATE, business_days=5))
    await driven.advance(DEPOSITED)
    answer = await correct(driven)
    assert isinstance(answer, CorrectionAnswer)
    assert answer.deposited == 0
    await driven.advance(LATER)
    assert [amount for amount, _, _ in await deposits(driven)] == [10_000]


async def test_a_doubled_deposit_is_in_the_books_once_it_is_looked_at(home: Home) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=K.DEPOSIT_DOUBLED))
    await driven.advance(DEPOSITED)
    await correct(driven)
    assert await believed(driven) == [(10_000, DEPOSIT_ON)] * 2


async def test_a_payment_left_out_is_carried_over_to_the_next_closing(home: Home) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=K.PAYMENT_LEFT_OUT, payment_id="p2"))
    await driven.advance(ISSUED)
    answer = await correct(driven)
    assert isinstance(answer, CorrectionAnswer)
    assert answer.carried_over == ("p2",)
    await driven.advance(LATER)
    pages = await driven.published(ClosingStatementIssued)
    assert [(p.closed_on, [li.payment_id for li in p.lines]) for p in pages] == [
        (CLOSED_ON, ["p1"]),
        (date(2021, 4, 30), ["p2"]),
    ]
    assert [amount for amount, _, _ in await deposits(driven)] == [8_500, 1_500]
    assert {row.payment_id for row in (await driven.service.books()).lines} == {"p1", "p2"}
    assert await driven.held() == 0


async def test_each_brand_has_a_deposit_of_its_own(home: Home) -> None:
    driven = await with_two_payments(home, deposit_split="brand", fee_basis="net", fee_per_mille=15)
    await driven.advance(DEPOSITED)
    (page,) = await driven.published(ClosingStatementIssued)
    assert (page.total_amount, page.fee) == (10_000, 127 + 22)
    assert sorted(amount for amount, _, _ in await deposits(driven)) == [1_500 - 22, 8_500 - 127]
    assert sum(amount for amount, _ in await believed(driven)) == page.total_amount - page.fee


async def test_the_designated_date_and_the_instants_of_each_payment_are_told(home: Home) -> None:
    driven = await with_two_payments(home, designated_date_business_days=2)
    await driven.advance(ISSUED)
    (page,) = await driven.published(ClosingStatementIssued)
    assert (page.deposit_on, page.designated_date) == (DEPOSIT_ON, date(2021, 5, 11))
    assert {(li.approved_at, li.entrusted_at) for li in page.lines} == {(NOON, NOON)}
    assert {e.designated_date for e in await driven.published(ProxyPaymentAccepted)} == {date(2021, 5, 11)}


async def test_the_designated_date_may_be_the_end_of_the_month(home: Home) -> None:
    driven = await with_two_payments(home, designated_date_rule="end_of_month")
    assert {e.designated_date for e in await driven.published(ProxyPaymentAccepted)} == {date(2021, 5, 31)}


async def test_an_anomaly_is_asked_for_the_next_closing_or_a_named_one(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    async with _client(driven) as http:
        body = {"kind": "deposit_short", "yen": 7}
        first = await http.post("/anomalies", json=body, headers={"Idempotency-Key": "a"})
        again = await http.post("/anomalies", json=body, headers={"Idempotency-Key": "a"})
        same = await http.post("/anomalies", json=body)
        other = await http.post("/anomalies", json=body | {"yen": 8})
        no_closing = await http.post("/anomalies", json=body | {"closed_on": "2021-04-19"})
        named = await http.post("/anomalies", json={"kind": "deposit_missing", "closed_on": "2021-05-31"})
        wrong = await http.post("/anomalies", json={"kind": "deposit_lost"})
        listed = (await http.get("/anomalies")).json()
    assert (first.status_code, first.json()["closed_on"]) == (201, "2021-04-20")
    assert first.json() == again.json()
    assert SettlementAnomalyView.model_validate(same.json()) == SettlementAnomalyView.model_validate(first.json())
    assert (other.status_code, other.json()["code"]) == (409, "anomaly_exists")
    assert (no_closing.status_code, no_closing.json()["code"]) == (422, "closing_unknown")
    assert named.json()["closed_on"] == "2021-05-31"
    assert wrong.status_code == 422
    assert [(row["kind"], row["closed_on"]) for row in listed] == [
        ("deposit_short", "2021-04-20"),
        ("deposit_missing", "2021-05-31"),
    ]


async def test_an_anomaly_that_comes_too_late_is_refused(home: Home) -> None:
    driven = await with_two_payments(home)
    await driven.advance(ISSUED)
    statement = await driven.service.commands.inject(SettlementAnomalyRequest(kind=K.LINE_OMITTED, closed_on=CLOSED_ON))
    deposit = await driven.service.commands.inject(SettlementAnomalyRequest(kind=K.DEPOSIT_LATE, closed_on=CLOSED_ON))
    assert isinstance(statement, Refusal)
    assert statement.code == "anomaly_too_late"
    assert isinstance(deposit, SettlementAnomalyView)
    await driven.advance(LATER)
    missed = await driven.service.commands.inject(SettlementAnomalyRequest(kind=K.DEPOSIT_SHORT, closed_on=CLOSED_ON))
    assert isinstance(missed, Refusal)
    assert missed.code == "anomaly_too_late"


async def test_an_unknown_statement_cannot_be_corrected(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    async with _client(driven) as http:
        answer = await http.post("/statements/none/correction")
    assert (answer.status_code, answer.json()["code"]) == (404, "statement_unknown")


async def test_the_story_of_a_payment_tells_of_the_anomaly_that_met_its_closing(home: Home) -> None:
    driven = await with_two_payments(home, SettlementAnomalyRequest(kind=K.PAYMENT_LEFT_OUT))
    await driven.advance(ISSUED)
    story = (await driven.service.queries.explain(["p1"]))["p1"]
    (step,) = [step for step in story.steps if step.event.startswith("異常")]
    assert "payment_left_out asked for the closing of 2021-04-20; it met payment p1, ¥8,500" in step.detail


async def _id(driven: DrivenAgent) -> str:
    return (await driven.service.queries.statements())[0].statement_id


def _client(driven: DrivenAgent) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=driven.http), base_url="http://agent")
