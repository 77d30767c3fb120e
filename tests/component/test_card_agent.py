"""丙: tokens without numbers, authorization, reversal, late answers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from contracts.events import (
    AuthorizationApproved,
    AuthorizationDeclined,
    AuthorizationReversed,
    Event,
    ProxyPaymentAccepted,
)
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest, CardTokensAnswer, CardTokensRequest
from contracts.http.card_agent.payments import AuthorizationView
from contracts.vocabulary import Agent, Brand, DeclineReason, Refusal
from services.card_agent.app import TEST_CARDS
from services.card_agent.domain.issuer import Outcome
from services.console.payers.cards import card_number
from tests.component.driven_agent import DrivenAgent, unknown_card
from tests.component.home import Home

DECLINED = {
    Outcome.EXPIRED: DeclineReason.CARD_EXPIRED,
    Outcome.OVER_LIMIT: DeclineReason.OVER_LIMIT,
    Outcome.LOST: DeclineReason.CARD_LOST,
    Outcome.ISSUER_DOWN: DeclineReason.ISSUER_UNAVAILABLE,
}
APPROVED_AT_ONCE = {Outcome.APPROVED, Outcome.WITHDRAWN}
VISA, WRONG = "4000000000000002", "4000000000000003"


def card_with(outcome: Outcome) -> str:
    return next(c.number for c in TEST_CARDS.values() if c.outcome is outcome and c.brand is Brand.VISA)


async def status_of(driven: DrivenAgent, payment_id: str) -> str:
    view = await driven.service.queries.payment(payment_id)
    assert isinstance(view, AuthorizationView), view
    return view.status


@pytest.mark.parametrize("number", TEST_CARDS)
async def test_a_test_card_has_the_outcome_it_is_published_with(number: str, home: Home) -> None:
    card = TEST_CARDS[number]
    agent = Agent.UC if card.brand in (Brand.VISA, Brand.MASTERCARD) else Agent.JCB
    driven = await DrivenAgent.started(home, agent=agent)
    token = await driven.token(number)
    assert number in {shown.number for shown in driven.service.queries.test_cards()}
    await driven.send(driven.request("p1", token))
    approved = [e.payment_id for e in await driven.published(AuthorizationApproved)]
    declined = [e.reason for e in await driven.published(AuthorizationDeclined)]
    assert approved == (["p1"] if card.outcome in APPROVED_AT_ONCE else [])
    assert declined == ([DECLINED[card.outcome]] if card.outcome in DECLINED else [])
    assert await driven.held() == (8_500 if approved else 0)
    await driven.advance("2021-04-12T12:01:30+09:00")
    late = len(await driven.published(AuthorizationApproved)) - len(approved)
    assert late == (card.outcome is Outcome.LATE_APPROVAL)


async def test_an_unknown_token_and_a_wrong_brand_are_declined(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = (await driven.token()).model_copy(update={"brand": Brand.MASTERCARD})
    await driven.send(driven.request("p1", unknown_card()), driven.request("p2", card))
    reasons = {e.payment_id: e.reason for e in await driven.published(AuthorizationDeclined)}
    assert reasons == {"p1": DeclineReason.UNKNOWN_CARD, "p2": DeclineReason.BRAND_NOT_ACCEPTED}


async def test_a_card_is_good_to_the_end_of_its_month_in_japan(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token(expiry="04/21")
    await driven.advance("2021-04-30T23:59:59+09:00")
    await driven.send(driven.request("p1", card))
    await driven.advance("2021-05-01T00:00:00+09:00")
    await driven.send(driven.request("p2", card))
    assert [e.payment_id for e in await driven.published(AuthorizationApproved)] == ["p1"]
    assert [e.reason for e in await driven.published(AuthorizationDeclined)] == [DeclineReason.CARD_EXPIRED]


async def test_a_card_has_one_token_per_expiry_and_one_limit(home: Home) -> None:
    driven = await DrivenAgent.started(home, credit_limit=10_000)
    card, again, renewed = (
        await driven.token(),
        await driven.token("4000 0000-0000 0002"),
        await driven.token(VISA, "01/28"),
    )
    assert card == again
    assert card.card_token != renewed.card_token
    await driven.send(driven.request("p1", card, 6_000), driven.request("p2", renewed, 6_000))
    await driven.send(driven.request("p3", card, 4_000))
    assert {e.payment_id for e in await driven.published(AuthorizationApproved)} in ({"p1", "p3"}, {"p2", "p3"})
    assert [e.reason for e in await driven.published(AuthorizationDeclined)] == [DeclineReason.OVER_LIMIT]
    assert await driven.held() == 10_000


async def test_a_card_has_one_token_when_ids_are_random_too(home: Home) -> None:
    driven = await DrivenAgent.started(home, seed=None, secret="kept")
    assert await driven.token() == await driven.token()


async def test_two_requests_of_one_card_draw_on_its_limit_in_order(home: Home) -> None:
    driven = await DrivenAgent.started(home, credit_limit=10_000)
    card = await driven.token()
    await driven.send(driven.request("b", card, 6_000), driven.request("a", card, 6_000))
    assert [e.payment_id for e in await driven.published(AuthorizationApproved)] == ["b"]
    assert [e.payment_id for e in await driven.published(AuthorizationDeclined)] == ["a"]


async def test_a_redelivery_has_no_second_effect(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    await driven.send(driven.request("p1", card), driven.request("p2", card))
    story: list[Event] = [driven.entrustment("p1", card), driven.reversal("p2", card)]
    for _ in range(2):
        await driven.send(driven.request("p1", card), *story)
    assert len(await driven.published(AuthorizationApproved)) == 2
    assert len(await driven.published(ProxyPaymentAccepted)) == 1
    assert len(await driven.published(AuthorizationReversed)) == 1
    assert await driven.held() == 8_500
    assert await driven.dead_letters() == []


async def test_a_request_under_another_event_id_is_the_same_request(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    await driven.send(driven.request("p1", card), ids=["first"])
    await driven.send(driven.request("p1", card), ids=["second"])
    await driven.send(driven.request("p1", card, 9_000), ids=["third"])
    assert [e.amount for e in await driven.published(AuthorizationApproved)] == [8_500]
    assert await driven.dead_letters() == ["ValueError: payment p1 was asked for before with another card or amount"]


async def test_a_reversal_after_the_approval_releases_the_hold(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    await driven.send(driven.request("p1", card))
    assert await driven.held() == 8_500
    await driven.send(driven.reversal("p1", card), ids=["first"])
    await driven.send(driven.reversal("p1", card), ids=["second"])
    assert [e.payment_id for e in await driven.published(AuthorizationReversed)] == ["p1"]
    assert await driven.held() == 0


async def test_a_reversal_before_its_request_is_remembered(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    await driven.send(driven.reversal("p1", card))
    await driven.send(driven.request("p1", card))
    await driven.send(driven.entrustment("p1", card))
    assert len(await driven.published(AuthorizationReversed)) == 1
    assert await driven.published(AuthorizationApproved) == []
    assert await driven.held() == 0
    assert await driven.dead_letters() == ["ValueError: payment p1 is reversed, not approved; it cannot be accepted"]


async def test_a_declined_payment_may_be_reversed_and_stays_declined(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token(card_with(Outcome.LOST))
    await driven.send(driven.request("p1", card), driven.reversal("p1", card))
    assert len(await driven.published(AuthorizationReversed)) == 1
    assert await status_of(driven, "p1") == "declined"


async def test_a_silent_card_company_is_given_up_at_once(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token(card_with(Outcome.TIMEOUT))
    await driven.send(driven.request("p1", card))
    await driven.advance("2022-04-12T12:00:00+09:00")
    assert await status_of(driven, "p1") == "pending"
    await driven.send(driven.reversal("p1", card))
    assert len(await driven.published(AuthorizationReversed)) == 1
    assert await status_of(driven, "p1") == "reversed"


async def test_a_late_approval_is_undone(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token(card_with(Outcome.LATE_APPROVAL))
    await driven.send(driven.request("p1", card))
    await driven.advance("2021-04-12T12:00:30+09:00")
    await driven.send(driven.reversal("p1", card))
    assert await driven.published(AuthorizationReversed) == []
    await driven.advance("2021-04-12T12:01:29+09:00")
    assert await status_of(driven, "p1") == "pending"
    await driven.advance("2021-04-12T12:01:30+09:00")
    (undone,) = await driven.published(AuthorizationReversed)
    assert undone.reversed_at == datetime.fromisoformat("2021-04-12T12:01:30+09:00")
    assert await driven.published(AuthorizationApproved) == []
    assert await status_of(driven, "p1") == "reversed"
    assert await driven.held() == 0


async def test_a_late_answer_counts_the_limit_as_it_is_then(home: Home) -> None:
    driven = await DrivenAgent.started(home, credit_limit=10_000)
    card = await driven.token(card_with(Outcome.LATE_APPROVAL))
    await driven.send(driven.request("p1", card, 6_000), driven.request("p2", card, 6_000))
    await driven.advance("2021-04-12T12:02:00+09:00")
    assert len(await driven.published(AuthorizationApproved)) == 1
    assert [e.reason for e in await driven.published(AuthorizationDeclined)] == [DeclineReason.OVER_LIMIT]
    assert await driven.held() == 6_000


async def test_what_was_not_approved_cannot_be_accepted(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    await driven.send(driven.entrustment("never-asked", card))
    await driven.send(driven.request("p1", card))
    await driven.send(driven.entrustment("p1", card, 9_000))
    assert await driven.published(ProxyPaymentAccepted) == []
    assert await driven.dead_letters() == [
        "ValueError: payment never-asked was never authorized here; it cannot be accepted",
        "ValueError: payment p1 was approved for ¥8,500, not for ¥9,000",
    ]


async def test_what_was_accepted_is_not_reversed(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    card = await driven.token()
    await driven.accept("p1", card=card)
    await driven.send(driven.reversal("p1", card))
    assert await driven.dead_letters() == ["ValueError: payment p1 is accepted; only an approval can be reversed"]
    assert await driven.held() == 8_500


@pytest.mark.parametrize(
    ("number", "expiry", "code"),
    [
        ("4000000000000003", "12/27", "card_number_invalid"),
        ("400000000000000a", "12/27", "card_number_invalid"),
        ("4", "12/27", "card_number_invalid"),
        (VISA, "13/27", "card_expiry_invalid"),
        (VISA, "12/2027", "card_expiry_invalid"),
        ("3530000000000003", "12/27", "brand_not_accepted"),
        ("6011000000000004", "12/27", "brand_not_accepted"),
    ],
)
async def test_a_card_that_is_not_taken_is_refused_by_name(number: str, expiry: str, code: str, home: Home) -> None:
    driven = await DrivenAgent.started(home)
    refusal = await driven.service.commands.tokenize(CardTokenRequest(number=SecretStr(number), expiry=expiry))
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert number not in f"{refusal}".split()


async def test_a_card_number_is_kept_nowhere(tmp_path: Path) -> None:
    driven = await DrivenAgent.started(Home(tmp_path))
    async with _client(driven) as http:
        await http.post("/card-tokens", json={"number": VISA, "expiry": "12/27"}, headers={"Idempotency-Key": "k"})
        taken = await http.post("/card-tokens", json={"number": VISA, "expiry": "01/28"})
        wrong = await http.post("/card-tokens", json={"number": VISA, "expiry": VISA})
        unread = await http.post("/card-tokens", json={"number": [VISA], "expiry": "12/27"})
    assert taken.status_code == 201
    assert {wrong.status_code, unread.status_code} == {422}
    assert VISA not in taken.text + wrong.text + unread.text
    await driven.send(driven.request("p1", await driven.token(VISA)))
    assert VISA not in repr(CardTokenRequest(number=SecretStr(VISA), expiry="12/27"))
    assert {"card_agent.db", "card_agent.db-wal"} <= set(_files_and_where_the_number_is(tmp_path))
    assert not any(_files_and_where_the_number_is(tmp_path).values())
    await driven.service.close()
    assert not any(_files_and_where_the_number_is(tmp_path).values())


def _files_and_where_the_number_is(folder: Path) -> dict[str, bool]:
    return {path.name: VISA.encode() in path.read_bytes() for path in folder.iterdir()}


async def test_an_idempotency_key_tells_two_cards_apart(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    key = {"Idempotency-Key": "k"}
    async with _client(driven) as http:
        first = await http.post("/card-tokens", json={"number": VISA, "expiry": "12/27"}, headers=key)
        again = await http.post("/card-tokens", json={"number": VISA, "expiry": "12/27"}, headers=key)
        other = await http.post(
            "/card-tokens", json={"number": card_with(Outcome.LOST), "expiry": "12/27"}, headers=key
        )
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_many_cards_have_the_tokens_they_have_one_by_one(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    alone = await driven.token(VISA)
    typed = [(VISA, "12/27"), (WRONG, "12/27"), (VISA, "01/28"), ("4000-0000-0000-0002", "12/27"), (VISA, "soon")]
    others = (card_number(7, f"{n:010d}") for n in range(600))
    request = bulk(*typed, *((number, "12/27") for number in others if number.startswith("4")))
    answer = await driven.service.commands.tokenize_many(request, "k")
    assert isinstance(answer, CardTokensAnswer), answer
    assert [(r.place, r.code) for r in answer.refused] == [(1, "card_number_invalid"), (4, "card_expiry_invalid")]
    own, wrong, renewed, again, soon = answer.in_order()[:5]
    assert (own, again, [wrong, soon]) == (alone, alone, list(answer.refused))
    assert isinstance(renewed, CardTokenAnswer)
    assert renewed.card_token != alone.card_token
    assert len({t.card_token for t in answer.tokens}) == len(request.cards) - 3 > 200
    await driven.restart()
    assert await driven.service.commands.tokenize_many(request, "k") == answer


async def test_a_key_tells_many_cards_apart_also_where_they_are_refused(home: Home) -> None:
    driven = await DrivenAgent.started(home)
    first = await driven.service.commands.tokenize_many(bulk((WRONG, "12/27")), "k")
    assert isinstance(first, CardTokensAnswer)
    assert (first.tokens, len(first.refused)) == ((), 1)
    other = await driven.service.commands.tokenize_many(bulk(("4000000000000004", "12/27")), "k")
    assert isinstance(other, Refusal)
    assert other.code == "idempotency_key_reused"
    assert await driven.service.commands.tokenize_many(bulk((WRONG, "12/27")), "k") == first


async def test_many_cards_typed_leave_no_number(tmp_path: Path) -> None:
    driven = await DrivenAgent.started(Home(tmp_path))
    good, wrong = {"number": VISA, "expiry": "12/27"}, {"number": VISA, "expiry": VISA}
    async with _client(driven) as http:
        headers = {"Idempotency-Key": "k"}
        taken, again = [
            await http.post("/card-tokens/bulk", json={"cards": [good, wrong, good]}, headers=headers) for _ in range(2)
        ]
        unread = await http.post("/card-tokens/bulk", json={"cards": [good, {**good, VISA: "a field"}]})
        strange = await http.post("/card-tokens/bulk", json={"cards": [[VISA], {**good, "number": [VISA]}]})
    assert (taken.status_code, taken.json()) == (201, again.json())
    assert [(r["place"], r["code"]) for r in taken.json()["refused"]] == [(1, "card_expiry_invalid")]
    assert (unread.status_code, strange.status_code) == (422, 422)
    assert VISA not in taken.text + unread.text + strange.text
    assert VISA not in repr(bulk((VISA, "12/27")))
    assert not any(_files_and_where_the_number_is(tmp_path).values())
    await driven.service.close()
    assert not any(_files_and_where_the_number_is(tmp_path).values())


def bulk(*typed: tuple[str, str]) -> CardTokensRequest:
    return CardTokensRequest(cards=tuple(CardTokenRequest(number=SecretStr(n), expiry=expiry) for n, expiry in typed))


def _client(driven: DrivenAgent) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=driven.http), base_url="http://agent")
