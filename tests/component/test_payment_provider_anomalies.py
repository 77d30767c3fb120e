"""乙: anomalies (異常) requested for a named payment or for the next ones, and which receipt records they change."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pydantic import ValidationError

from contracts.events import ReceiptDelivered
from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.http.payment_provider.anomalies import ReceiptAnomaliesAnswer, ReceiptAnomalyRequest
from contracts.vocabulary import Method, ReceiptAnomaly, Refusal
from services.payment_provider.behaviour import ANOMALIES, with_other_amount
from tests.component.driven import accepted, jst, refused
from tests.component.driven_provider import DrivenProvider, slip
from tests.component.home import Home

A = ReceiptAnomaly
STORE, BANK_COUNTER = Method.CONVENIENCE_STORE, Method.BANK_COUNTER
END = jst("2021-05-31T00:00")


async def ask(driven: DrivenProvider, kind: A, payment_id: str) -> ReceiptAnomaliesAnswer | Refusal:
    return await driven.service.commands.inject_anomaly(ReceiptAnomalyRequest(kind=kind, payment_id=payment_id))


async def ask_next(driven: DrivenProvider, kind: A, count: int = 1) -> None:
    answer = accepted(await driven.service.commands.inject_anomaly(ReceiptAnomalyRequest(kind=kind, next=count)))
    assert [a.payment_id for a in answer.anomalies] == [None] * count


async def records_of(driven: DrivenProvider, payment_id: str) -> list[tuple[str, int, int]]:
    """(kind, repetition, amount) of a payment's records. Events sent again after a restart count once."""
    published = await driven.published(ReceiptDelivered)
    records = {r.natural_key: r for r in published if r.payment_id == payment_id}.values()
    for record in records:
        code = barcode.decode(record.barcode)
        assert isinstance(code, Barcode)
        assert code.amount == record.amount, "a record's barcode says the same amount as the record"
    return [(r.kind.value, r.repetition, r.amount) for r in records]


EXPECTED = {
    A.CONFIRMED_AMOUNT_DIFFERS: [("01", 0, 8_500), ("02", 0, 9_500)],
    A.CONFIRMED_WITHOUT_PRELIMINARY: [("02", 0, 8_500)],
    A.CANCELLED_AFTER_CONFIRMED: [("01", 0, 8_500), ("02", 0, 8_500), ("03", 0, 8_500)],
    A.NEVER_CONFIRMED: [("01", 0, 8_500)],
    A.NEVER_REPORTED: [],
    A.SENT_TWICE: [("01", 0, 8_500), ("02", 0, 8_500), ("02", 1, 9_500)],
}


@pytest.mark.parametrize("kind", A)
async def test_each_anomaly_does_what_its_story_says(kind: A, home: Home) -> None:
    driven = await DrivenProvider.started(home)
    named = await driven.scanned(slip(1))
    accepted(await ask(driven, kind, named))
    accepted(await driven.choose_bank(named))
    await driven.advance_seconds(2)
    await ask_next(driven, kind)
    following = await driven.collected(STORE, slip(2))
    ordinary = await driven.collected(STORE, slip(3))
    await driven.crash()
    await driven.advance(END)
    assert [await records_of(driven, p) for p in (named, following)] == [EXPECTED[kind]] * 2
    assert await records_of(driven, ordinary) == [("01", 0, 8_500), ("02", 0, 8_500)]
    books = await driven.service.books()
    assert sum(d.amount for d in books.deposits) == 3 * 8_500, "an anomaly of receipt data changes no deposit"
    asked = await driven.service.queries.anomalies()
    assert [(a.kind, a.payment_id) for a in asked] == [(kind, named), (kind, following)]
    await driven.redeliver_timers()
    assert [await records_of(driven, p) for p in (named, following)] == [EXPECTED[kind]] * 2
    assert await driven.service.dead_letters() == []


@pytest.mark.parametrize(
    ("kind", "method", "days", "code"),
    [
        (A.CONFIRMED_WITHOUT_PRELIMINARY, STORE, 1, "anomaly_too_late"),
        (A.NEVER_REPORTED, STORE, 1, "anomaly_too_late"),
        (A.CONFIRMED_AMOUNT_DIFFERS, STORE, 7, "anomaly_too_late"),
        (A.NEVER_CONFIRMED, STORE, 7, "anomaly_too_late"),
        (A.SENT_TWICE, BANK_COUNTER, 7, "anomaly_too_late"),
        (A.CONFIRMED_AMOUNT_DIFFERS, BANK_COUNTER, 0, "anomaly_does_not_fit"),
        (A.CONFIRMED_WITHOUT_PRELIMINARY, BANK_COUNTER, 0, "anomaly_does_not_fit"),
    ],
)
async def test_what_can_no_longer_go_wrong_is_refused(
    kind: A, method: Method, days: int, code: str, home: Home
) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.collected(method)
    await driven.advance(driven.clock.now() + timedelta(days=days))
    before = await records_of(driven, payment_id)
    assert refused(await ask(driven, kind, payment_id)).code == code
    assert await driven.service.queries.anomalies() == []
    await driven.advance(END)
    assert len(await records_of(driven, payment_id)) >= len(before)


async def test_unknown_ended_and_twice_struck_payments_are_refused(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    declined = await driven.paid_by_bank(slip(1), "9001")
    struck = await driven.collected(STORE, slip(2))
    accepted(await ask(driven, A.SENT_TWICE, struck))
    codes = [refused(await ask(driven, A.NEVER_CONFIRMED, p)).code for p in ("made-up", declined, struck)]
    assert codes == ["payment_unknown", "anomaly_too_late", "anomaly_exists"]


@pytest.mark.parametrize("kind", [A.CONFIRMED_AMOUNT_DIFFERS, A.NEVER_CONFIRMED, A.SENT_TWICE])
async def test_a_record_that_is_still_to_come_can_go_wrong_after_the_payment(kind: A, home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid(slip(1))
    accepted(await ask(driven, kind, payment_id))
    await driven.advance(END)
    assert await records_of(driven, payment_id) == EXPECTED[kind]
    waiting = await driven.waiting(payment_id)
    if kind is A.NEVER_CONFIRMED:
        assert await driven.status(payment_id) == "paid"
        assert waiting is not None
        assert (waiting.until, waiting.because.split(":")[0]) == (None, "異常 never_confirmed")
    else:
        assert (await driven.status(payment_id), waiting) == ("confirmed", None)


async def test_a_confirmed_payment_can_be_cancelled_though_it_stands(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.collected(STORE)
    await driven.advance(jst("2021-04-25T00:00"))
    accepted(await ask(driven, A.CANCELLED_AFTER_CONFIRMED, payment_id))
    await driven.advance(END)
    assert await records_of(driven, payment_id) == EXPECTED[A.CANCELLED_AFTER_CONFIRMED]
    assert (await driven.receipts(payment_id))[-1] == ("03", jst("2021-04-26T00:00"))
    assert await driven.status(payment_id) == "confirmed"


async def test_a_sale_revoked_after_such_a_cancellation_is_not_cancelled_again(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    payment_id = await driven.paid()
    accepted(await ask(driven, A.CANCELLED_AFTER_CONFIRMED, payment_id))
    await driven.advance(jst("2021-04-20T00:00"))
    await driven.send(driven.withdrawal(payment_id))
    await driven.advance(END)
    assert await records_of(driven, payment_id) == EXPECTED[A.CANCELLED_AFTER_CONFIRMED]
    assert await driven.status(payment_id) == "cancelled"
    assert await driven.service.dead_letters() == []


async def test_the_next_ones_are_met_in_the_order_they_were_asked_for(home: Home) -> None:
    driven = await DrivenProvider.started(home)
    await ask_next(driven, A.CONFIRMED_AMOUNT_DIFFERS, 2)
    await ask_next(driven, A.NEVER_CONFIRMED)
    answers = await asyncio.gather(*(driven.collect(BANK_COUNTER, slip(n)) for n in range(1, 3)))
    without_preliminary = [accepted(a).payment_id for a in answers]
    with_preliminary = [await driven.collected(STORE, slip(n)) for n in range(3, 6)]
    asked = await driven.service.queries.anomalies()
    never = next(a.payment_id for a in asked if a.kind is A.NEVER_CONFIRMED)
    assert never in without_preliminary, "the first that it fits"
    assert [a.payment_id for a in asked[:2]] == with_preliminary[:2]
    await driven.advance(END)
    assert await records_of(driven, with_preliminary[2]) == [("01", 0, 8_500), ("02", 0, 8_500)]


def test_a_request_is_for_one_payment_or_for_the_next() -> None:
    for wrong in ({}, {"payment_id": "p", "next": 1}, {"next": 0}):
        with pytest.raises(ValidationError):
            ReceiptAnomalyRequest.model_validate({"kind": A.SENT_TWICE, **wrong})


def test_every_anomaly_has_a_story() -> None:
    assert set(ANOMALIES) == set(A)
    assert all(anomaly.story for anomaly in ANOMALIES.values())


@pytest.mark.parametrize(("amount", "other"), [(1, 1_001), (998_999, 999_999), (999_000, 998_000), (999_999, 998_999)])
def test_another_amount_is_one_that_the_barcode_has_room_for(amount: int, other: int) -> None:
    digits, said = with_other_amount(slip(1, amount))
    code = barcode.decode(digits)
    assert isinstance(code, Barcode)
    assert (code.amount, said) == (other, other)
    assert code.free_area == slip(1, amount)[8:29]
