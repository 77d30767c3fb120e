"""乙: scan and consent, the card flow with its timeouts, duplicate delivery."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import msgspec
import pytest

from contracts.events import (
    AuthorizationRequested,
    AuthorizationReversalRequested,
    PaymentDeclined,
    ProxyPaymentRequested,
    ReceiptDelivered,
    SlipScanned,
)
from contracts.http.payment_provider.payments import ConsentRequest, PaymentView, ScanRequest
from contracts.vocabulary import Agent, Brand, DeclineReason, Method, Settler, Yen
from tests.component.driven import accepted, jst, refused
from tests.component.driven_provider import NOON, TERMS, DrivenProvider, slip
from tests.component.home import Home

TIMEOUT = timedelta(seconds=30)


# ---- consent and scan -------------------------------------------------------------------------------------


async def test_without_consent_no_slip_is_scanned(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    refusal = refused(await driven.service.commands.scan(ScanRequest(barcode=slip(), consent_id="made-up")))
    assert refusal.code == "consent_missing"
    assert "POST /consents" in refusal.remedy
    assert await driven.published(SlipScanned) == []


async def test_only_the_terms_in_force_can_be_accepted(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    old = refused(await driven.service.commands.consent(ConsentRequest(app_user="user-2", terms_version="2020-10")))
    assert old.code == "terms_not_in_force"
    assert TERMS in old.remedy
    twice = [
        accepted(await driven.service.commands.consent(ConsentRequest(app_user="user-2", terms_version=TERMS)))
        for _ in "12"
    ]
    assert twice[0].consent_id == twice[1].consent_id


async def test_a_scan_opens_a_payment_and_tells(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    view = accepted(await driven.scan(slip(1, 8_500)))
    assert (view.status, view.amount, view.method, view.system_fee) == ("scanned", 8_500, None, None)
    await driven.settle()
    (event,) = await driven.published(SlipScanned)
    assert (event.payment_id, event.slip_number, event.amount) == (view.payment_id, view.slip_number, 8_500)
    assert event.barcode == slip(1, 8_500)


@pytest.mark.parametrize("again", [slip(1), slip(1, reissue=1), f"(91){slip(1)[2:]}", f"]C1{slip(1)}"])
async def test_a_slip_scanned_anew_before_a_choice_abandons_the_first_payment(again: str, home: Home) -> None:
    driven = await DrivenProvider.started(home)
    first, second = await driven.scanned(slip(1)), await driven.scanned(again)
    assert [await driven.status(first), await driven.status(second)] == ["abandoned", "scanned"]
    assert refused(await driven.choose_card(first)).code == "method_already_chosen"
    payments = await driven.service.queries.payments_of(
        accepted(await driven.service.queries.payment(second)).slip_number
    )
    assert [p.payment_id for p in payments] == [first, second]


async def test_one_slip_scanned_twice_at_once_leaves_one_payment_open(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    same = [slip(1), slip(1), slip(1, reissue=1), f"(91){slip(1)[2:]}"]
    views = await asyncio.gather(*(driven.scan(barcode) for barcode in same))
    statuses = [await driven.status(accepted(view).payment_id) for view in views]
    assert sorted(statuses) == ["abandoned"] * 3 + ["scanned"]


@pytest.mark.parametrize("again", [slip(1), slip(1, reissue=1)], ids=["the slip", "its reissue"])
async def test_a_slip_is_not_taken_while_it_is_under_way_nor_once_it_is_paid(again: str, home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.asked(slip(1))
    assert refused(await driven.scan(again)).code == "payment_in_progress"
    await driven.send(driven.approval(payment_id))
    assert refused(await driven.scan(again)).code == "payment_in_progress"
    await driven.send(driven.accepting(payment_id))
    refusal = refused(await driven.scan(again))
    assert refusal.code == "slip_already_paid"
    assert payment_id in refusal.detail
    await driven.advance(jst("2021-04-15T09:00"))
    assert await driven.status(payment_id) == "confirmed"
    assert refused(await driven.scan(again)).code == "slip_already_paid"
    assert len(await driven.published(SlipScanned)) == 1


async def test_a_slip_is_good_to_the_end_of_its_use_by_date_in_japan(home: Home) -> None:
    driven = await DrivenProvider.started(home, at=jst("2021-04-12T23:59:59"))
    barcode = slip(1, use_by=date(2021, 4, 12))
    accepted(await driven.scan(barcode))
    driven.clock.step_to(jst("2021-04-13T00:00:00"))
    assert refused(await driven.scan(barcode)).code == "slip_past_use_by"


async def test_a_scan_repeated_under_its_key_is_one_payment(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    first = accepted(await driven.scan(slip(1), "key"))
    await driven.crash()
    assert accepted(await driven.scan(slip(1), "key")) == first
    assert refused(await driven.scan(slip(2), "key")).code == "idempotency_key_reused"
    await driven.settle()
    assert len(await driven.published(SlipScanned)) == 1


# ---- card -------------------------------------------------------------------------------------------------


async def test_a_card_payment_goes_the_whole_way(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.scanned()
    view = accepted(await driven.choose_card(payment_id))
    assert isinstance(view, PaymentView)
    assert (view.status, view.method, view.agent, view.last4) == ("authorizing", Method.CARD, Agent.UC, "0002")
    assert view.system_fee == 82
    await driven.settle()
    (asked,) = await driven.published(AuthorizationRequested)
    assert (asked.payment_id, asked.agent, asked.card_token, asked.amount) == (payment_id, Agent.UC, "a-token", 8_500)
    await driven.advance_seconds(3)
    await driven.send(driven.approval(payment_id))
    assert await driven.status(payment_id) == "entrusted"
    assert (await driven.service.status()).next_due_at is None, "nothing is overdue any more"
    (entrusted,) = await driven.published(ProxyPaymentRequested)
    assert (entrusted.payment_id, entrusted.agent, entrusted.amount) == (payment_id, Agent.UC, 8_500)
    await driven.send(driven.accepting(payment_id))
    assert await driven.status(payment_id) == "paid"
    await driven.advance(jst("2021-04-15T08:59"))
    assert [kind for kind, _ in await driven.receipts(payment_id)] == ["01"]
    await driven.advance(jst("2021-04-15T09:00"))
    assert await driven.status(payment_id) == "confirmed"
    assert await driven.receipts(payment_id) == [
        ("01", NOON + timedelta(seconds=3)),
        ("02", jst("2021-04-15T09:00")),
    ]
    for receipt in await driven.published(ReceiptDelivered):
        assert (receipt.amount, receipt.settler, receipt.method) == (8_500, Settler.UC, Method.CARD)
        assert (receipt.received_on, receipt.barcode) == (date(2021, 4, 12), slip())
    await driven.advance(jst("2021-06-01T00:00"))
    assert await driven.published(PaymentDeclined) == []
    assert await driven.published(AuthorizationReversalRequested) == []


async def test_each_agent_is_asked_only_about_its_own_brands(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.scanned()
    assert refused(await driven.choose_card(payment_id, Agent.JCB, Brand.VISA)).code == "brand_not_accepted"
    assert await driven.status(payment_id) == "scanned"
    accepted(await driven.choose_card(payment_id, Agent.JCB, Brand.AMEX))
    await driven.settle()
    assert [r.agent for r in await driven.published(AuthorizationRequested)] == [Agent.JCB]


async def test_a_method_is_chosen_once(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.scanned()
    answers = await asyncio.gather(driven.choose_card(payment_id), driven.choose_bank(payment_id))
    accepted(answers[0])
    assert refused(answers[1]).code == "method_already_chosen"
    assert refused(await driven.choose_card(payment_id)).code == "method_already_chosen"
    assert refused(await driven.choose_card("made-up")).code == "payment_unknown"
    assert refused(await driven.choose_bank("made-up")).code == "payment_unknown"
    await driven.settle()
    assert len(await driven.published(AuthorizationRequested)) == 1


async def test_a_declined_payment_says_why_and_frees_its_slip(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.asked(slip(1))
    await driven.send(driven.denial(payment_id))
    view = accepted(await driven.service.queries.payment(payment_id))
    assert (view.status, view.decline_reason) == ("declined", DeclineReason.OVER_LIMIT)
    assert [d.reason for d in await driven.published(PaymentDeclined)] == [DeclineReason.OVER_LIMIT]
    again = await driven.paid(slip(1))
    assert again != payment_id
    await driven.advance_seconds(60)
    assert await driven.published(AuthorizationReversalRequested) == []
    assert await driven.receipts(payment_id) == []


async def test_an_answer_that_does_not_come_is_given_up_and_reversed_once(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.asked(slip(1))
    await driven.advance(NOON + TIMEOUT - timedelta(seconds=1))
    assert await driven.status(payment_id) == "authorizing"
    await driven.advance(NOON + TIMEOUT)
    assert await driven.status(payment_id) == "declined"
    assert [d.reason for d in await driven.published(PaymentDeclined)] == [DeclineReason.AUTHORIZATION_TIMED_OUT]
    await driven.advance_seconds(60)
    await driven.send(driven.approval(payment_id))
    await driven.send(driven.approval(payment_id), again="a second time")
    await driven.send(driven.reversal(payment_id))
    (reversal,) = await driven.published(AuthorizationReversalRequested)
    assert (reversal.payment_id, reversal.card_token) == (payment_id, "a-token")
    assert await driven.published(ProxyPaymentRequested) == []
    assert await driven.status(payment_id) == "declined"
    accepted(await driven.scan(slip(1)))
    assert await driven.service.dead_letters() == []


async def test_an_approval_at_the_very_moment_of_the_timeout_ends_one_way_only(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.asked()
    driven.clock.step_to(NOON + TIMEOUT)
    await driven.send(driven.approval(payment_id))
    entrusted = len(await driven.published(ProxyPaymentRequested))
    reversed_ = len(await driven.published(AuthorizationReversalRequested))
    assert entrusted + reversed_ == 1
    assert await driven.status(payment_id) == ("entrusted" if entrusted else "declined")


async def test_a_timeout_is_a_setting_and_survives_a_restart(home: Home) -> None:
    driven = await DrivenProvider.started(home, authorization_timeout_seconds=5)
    payment_id = await driven.asked()
    await driven.crash()
    await driven.advance(NOON + timedelta(seconds=5))
    assert await driven.status(payment_id) == "declined"


@pytest.mark.parametrize("confirmed", [False, True], ids=["before 確報", "after 確報"])
async def test_a_withdrawn_payment_is_cancelled_and_its_slip_is_free(confirmed: bool, home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid(slip(1))
    if confirmed:
        await driven.advance(jst("2021-04-15T10:00"))
    await driven.send(driven.withdrawal(payment_id))
    await driven.send(driven.withdrawal(payment_id), again="a second time")
    assert (await driven.service.status()).next_due_at is None, "nothing is left to confirm"
    await driven.advance(jst("2021-05-01T00:00"))
    assert await driven.status(payment_id) == "cancelled"
    kinds = [kind for kind, _ in await driven.receipts(payment_id)]
    assert kinds == (["01", "02", "03"] if confirmed else ["01", "03"])
    accepted(await driven.scan(slip(1)))


async def test_whatever_is_delivered_again_is_done_once(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    standing, revoked, denied = [await driven.asked(slip(n)) for n in (1, 2, 3)]
    answers = (driven.approval(standing), driven.approval(revoked), driven.denial(denied))
    promises = (driven.accepting(standing), driven.accepting(revoked))
    withdrawals = (driven.withdrawal(revoked),)
    for again in ("", "", "under another id"):
        for events in (answers, promises, withdrawals):
            await driven.send(*events, again=again)
    await driven.advance(jst("2021-04-16T00:00"))
    for again in ("", "later"):
        await driven.send(*withdrawals, *promises, *answers, again=again)
    await driven.send(driven.denial(standing), driven.withdrawal(denied), driven.approval(denied), again="out of turn")
    assert [await driven.status(p) for p in (standing, revoked, denied)] == ["confirmed", "cancelled", "declined"]
    assert len(await driven.published(ProxyPaymentRequested)) == 2
    assert len(await driven.published(PaymentDeclined)) == 1
    assert [kind for kind, _ in await driven.receipts(standing)] == ["01", "02"]
    assert [kind for kind, _ in await driven.receipts(revoked)] == ["01", "03"]
    assert await driven.service.dead_letters() == []


async def test_an_answer_about_a_payment_that_nobody_made_is_set_aside(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    good = await driven.asked()
    await driven.send(driven.approval("made-up"), driven.reversal("made-up"), driven.approval(good))
    assert await driven.status(good) == "entrusted"
    letters = await driven.service.dead_letters()
    assert len(letters) == 2
    assert all("made-up" in letter.reason for letter in letters)


async def test_an_agent_that_was_not_asked_or_tells_another_amount_changes_nothing(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    asked = await driven.asked()
    not_asked = msgspec.structs.replace(driven.approval(asked), agent=Agent.JCB)
    too_much = msgspec.structs.replace(driven.approval(asked), amount=Yen(8_501))
    for wrong in (not_asked, too_much):
        await driven.send(wrong, again=str(wrong.amount))
    assert await driven.status(asked) == "authorizing"
    reasons = [letter.reason for letter in await driven.service.dead_letters()]
    assert any("which is of agent uc" in reason for reason in reasons)
    assert any("which is of ¥8,500" in reason for reason in reasons)
    await driven.send(driven.approval(asked), again="right")
    assert await driven.status(asked) == "entrusted"
