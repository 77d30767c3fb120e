"""甲乙丙: the state of a payment at the end of a day; days before the payment and days to come are refused."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from contracts.http.card_agent.anomalies import SettlementAnomalyRequest
from contracts.http.payment_provider.anomalies import ReceiptAnomalyRequest
from contracts.http.service import Explanation
from contracts.vocabulary import ReceiptAnomaly, ReceiptKind, Refusal, SettlementAnomaly
from tests.component import driven_agent, driven_ward
from tests.component.driven import accepted, jst
from tests.component.driven_agent import DrivenAgent
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.driven_ward import DEPOSIT_ON, DrivenWard, deposit, receipt, statement
from tests.component.home import Home

P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED


async def explained(queries: Any, payment_id: str, on: date | str | None) -> Explanation:
    day = date.fromisoformat(on) if isinstance(on, str) else on
    answer = await queries.explanation(payment_id, day)
    assert isinstance(answer, Explanation), answer
    return answer


def events(story: Explanation) -> list[str]:
    return [step.event.split()[0] for step in story.steps]


def waits(story: Explanation) -> tuple[str, str]:
    """(what it waits for, the setting or rule)"""
    assert story.waiting is not None
    return story.waiting.waits_for.split()[0], story.waiting.because.rpartition("[")[2].partition("]")[0]


async def over_http(app: FastAPI, path: str, **parameters: str) -> tuple[int, Any]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://party") as http:
        answer = await http.get(path, params=parameters)
    return answer.status_code, answer.json()


# ---- the payment provider -----------------------------------------------------------------------------------


async def test_the_provider_tells_each_day_what_was_known_then(home: Home) -> None:
    driven = await DrivenProvider.started(home, at=jst("2021-04-28T12:00"))
    payment_id = await driven.scanned()
    await driven.advance(jst("2021-04-29T12:00"))
    accepted(await driven.choose_bank(payment_id))
    await driven.advance(jst("2021-05-31T12:00"))
    assert (await explained(driven.service.queries, payment_id, None)).waiting is None
    scanned = await explained(driven.service.queries, payment_id, "2021-04-28")
    assert events(scanned) == ["納付書読取"]
    assert waits(scanned)[0] == "支払方法の選択"
    paid = await explained(driven.service.queries, payment_id, "2021-04-29")
    assert events(paid) == ["納付書読取", "金融機関照会", "速報"]
    assert waits(paid)[0] == "確報"
    assert paid.waiting is not None
    assert paid.waiting.until == jst("2021-05-07T09:00")
    confirmed = await explained(driven.service.queries, payment_id, "2021-05-07")
    assert (events(confirmed)[-1], confirmed.waiting) == ("確報", None), "the deposit came the day before"


async def test_an_anomaly_asked_for_later_is_not_told_of_the_days_before(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid()
    await driven.advance(jst("2021-04-13T12:00"))
    never = ReceiptAnomalyRequest(kind=ReceiptAnomaly.NEVER_CONFIRMED, payment_id=payment_id)
    accepted(await driven.service.commands.inject_anomaly(never))
    before, after = [await explained(driven.service.queries, payment_id, day) for day in ("2021-04-12", None)]
    assert waits(before) == ("確報", "confirmation_business_days")
    assert waits(after) == ("確報", "POST /anomalies")


async def test_a_payment_that_ended_later_was_under_way_before(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    abandoned = await driven.scanned()
    await driven.advance(jst("2021-04-13T23:59:50"))
    asked = await driven.asked(slip(2))
    await driven.scanned()
    await driven.advance(jst("2021-04-15T12:00"))
    assert waits(await explained(driven.service.queries, abandoned, "2021-04-12"))[0] == "支払方法の選択"
    assert events(await explained(driven.service.queries, abandoned, "2021-04-13"))[-1] == "中断"
    assert waits(await explained(driven.service.queries, asked, "2021-04-13")) == (
        "与信照会結果",
        "authorization_timeout_seconds",
    )
    given_up = await explained(driven.service.queries, asked, "2021-04-14")
    assert (events(given_up)[-1], given_up.waiting) == ("支払不成立", None)


# ---- a card agent -------------------------------------------------------------------------------------------


async def test_an_agent_tells_each_day_what_was_known_then(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    await driven.send(driven.request("p1", card))
    await driven.advance("2021-04-13T12:00:00+09:00")
    await driven.send(driven.entrustment("p1", card))
    await driven.advance("2021-06-01T12:00:00+09:00")
    stood = {
        day: await explained(driven.service.queries, "p1", f"2021-{day}")
        for day in ("04-12", "04-13", "04-21", "05-31")
    }
    assert events(stood["04-12"]) == ["与信照会", "与信承認"]
    assert waits(stood["04-12"]) == ("代理納付委託", "authorization_timeout_seconds of the payment provider")
    assert waits(stood["04-13"])[0] == "締め"
    assert events(stood["04-21"])[-1] == "締め"
    assert waits(stood["04-21"])[0] == "入金"
    assert (events(stood["05-31"])[-1], stood["05-31"].waiting) == ("入金", None)


async def test_an_agent_waits_for_a_silent_card_company_until_it_is_reversed(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token("4000000000000051")
    await driven.send(driven.request("p1", card))
    await driven.advance("2021-04-13T12:00:00+09:00")
    await driven.send(driven.reversal("p1", card))
    await driven.advance("2021-04-14T12:00:00+09:00")
    silent, ended = [await explained(driven.service.queries, "p1", f"2021-04-{day}") for day in (12, 13)]
    assert waits(silent) == ("カード会社応答", "authorization_timeout_seconds of the payment provider")
    assert (events(ended)[-1], ended.waiting) == ("与信取消", None)


# ---- the ward -----------------------------------------------------------------------------------------------


async def test_the_ward_tells_each_day_what_was_known_then(home: Home) -> None:
    ward = await DrivenWard.started(home)
    first = (await ward.assess())[0]
    days = [driven_ward.NOON + timedelta(days=n) for n in range(6)]
    for at, event in zip(
        days,
        (receipt("p1", first), receipt("p1", first, C), *statement([("p1", 10_000)]), deposit(9_000)),
        strict=False,
    ):
        await ward.advance(at)
        await ward.send(event)
    await ward.advance(days[4])
    await ward.send(deposit(1_000, deposit_id="d2"))
    await ward.advance(days[5])
    stood = [await explained(ward.service.queries, "p1", at.date()) for at in days[:5]]
    assert [len(story.steps) for story in stood] == [1, 2, 3, 4, 6]
    assert [waits(story) for story in stood[:3]] == [
        ("確報", "confirmation_expected_business_days"),
        ("締め明細", "statement_expected_days"),
        ("入金", "deposit_expected_by"),
    ]
    assert waits(stood[3])[0] == "消込"
    assert stood[3].waiting is not None
    assert stood[3].waiting.because.startswith("deposit_short 入金不足: ¥1,000: ¥9,000 came in 1 deposit")
    assert (events(stood[4])[-1], stood[4].waiting) == ("消込", None)


async def test_a_statement_that_was_opened_again_was_reconciled_before(home: Home) -> None:
    ward = await DrivenWard.started(home)
    first = (await ward.assess())[0]
    await ward.send(receipt("p1", first, C), *statement([("p1", 10_000)]), deposit(10_000))
    reconciled_at = ward.clock.now()
    await ward.advance(driven_ward.NOON + timedelta(days=1))
    await ward.send(receipt("p1", first, X))
    await ward.advance(driven_ward.NOON + timedelta(days=2))
    before = await explained(ward.service.queries, "p1", driven_ward.NOON.date())
    assert (events(before)[-1], before.steps[-1].at, before.waiting) == ("消込", reconciled_at, None)
    assert "消込" not in events(await explained(ward.service.queries, "p1", None))


async def test_what_is_too_much_waited_for_its_decision_before_it_was_refunded(home: Home) -> None:
    ward = await DrivenWard.started(home)
    first = (await ward.assess())[0]
    await ward.send(receipt("p1", first), receipt("p1", first, C), receipt("p2", first), receipt("p2", first, C))
    await ward.send(*statement([("p1", 10_000), ("p2", 10_000)]), deposit(20_000))
    await ward.advance(driven_ward.NOON + timedelta(days=60))
    decided_on, refunded_on = date(2021, 7, 26), date(2021, 8, 10)
    undecided, decided = [
        await explained(ward.service.queries, "p1", day - timedelta(days=1)) for day in (decided_on, refunded_on)
    ]
    assert waits(undecided) == ("充当・還付", "overpayment_decision_days")
    assert waits(decided) == ("還付", "refund_days, refund_lapse_years")
    assert "過誤納" in events(undecided)
    assert events(await explained(ward.service.queries, "p1", refunded_on))[-1] == "還付"


# ---- days before it, days to come ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "status", "code", "said"),
    [
        (
            "2021-04-11",
            404,
            "payment_not_known_yet",
            "was not made yet at the end of 2021-04-11: 納付書読取 barcode scanned",
        ),
        ("2021-04-14", 422, "day_in_future", "2021-04-14 has not come yet: the clock shows 2021-04-13"),
        ("soon", 422, "invalid_request", ""),
    ],
)
async def test_the_provider_says_why_there_is_nothing_to_tell(
    home: Home, on: str, status: int, code: str, said: str
) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid()
    await driven.advance(jst("2021-04-13T12:00"))
    answered, problem = await over_http(driven.http, f"/payments/{payment_id}/explanation", on=on)
    assert (answered, problem["code"]) == (status, code)
    assert said in problem["detail"]


async def test_agent_and_ward_say_when_they_first_heard_of_it(home: Home) -> None:
    agent, ward = await DrivenAgent.started(home, at=jst("2021-04-11T12:00")), await DrivenWard.started(home)
    assert not isinstance(
        await agent.service.commands.inject(SettlementAnomalyRequest(kind=SettlementAnomaly.DEPOSIT_LATE)), Refusal
    )
    await agent.advance(driven_agent.NOON.isoformat())
    await agent.accept("p1", card=await agent.token())
    await ward.send(receipt("p1", (await ward.assess())[0]))
    for app, day, words in (
        (agent.http, driven_agent.NOON.date(), "与信照会 authorization asked came first, on 2021-04-12 at 12:00"),
        (ward.http, driven_ward.NOON.date(), "速報登録 preliminary receipt registered came first, on 2021-07-12"),
    ):
        path, before = "/payments/{}/explanation", (day - timedelta(days=1)).isoformat()
        status, problem = await over_http(app, path.format("p1"), on=before)
        assert (status, problem["code"]) == (404, "payment_not_known_yet")
        assert words in problem["detail"]
        assert (await over_http(app, path.format("p2"), on=before))[1]["code"] == "payment_unknown"
        assert (await over_http(app, path.format("p1"), on="2031-01-01"))[1]["code"] == "day_in_future"
        today = await over_http(app, path.format("p1"), on=day.isoformat())
        assert today == await over_http(app, path.format("p1")), "a day that is not over: what is known by now"


async def test_a_refusal_is_a_value(home: Home) -> None:
    ward = await DrivenWard.started(home)
    assert isinstance(await ward.service.queries.explanation("p1", DEPOSIT_ON), Refusal)
    assert await ward.service.queries.explain(["p1"], on=date(2021, 7, 1)) == {}
