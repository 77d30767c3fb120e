"""異常: receipt data that contradict themselves. The ward finds and shows each, and every yen stays where it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime

import pytest

from contracts.http.payment_provider.anomalies import ReceiptAnomalyRequest
from contracts.http.ward.settlement import ResolutionRequest
from contracts.http.ward.slips import SlipRequest, SlipView
from contracts.vocabulary import Agent, Method, ReceiptAnomaly, Refusal
from services.console.books.audit import audit
from services.console.books.known import State
from services.console.payers.cards import card_number
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox

A = ReceiptAnomaly
CARD, STORE, BANK_COUNTER = Method.CARD, Method.CONVENIENCE_STORE, Method.BANK_COUNTER
EVERYTHING_DEPOSITED = "2021-09-30T00:00"


def jst(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


class Story:
    """One slip, and what the ward reports about it."""

    def __init__(self, sandbox: Sandbox, slip: SlipView) -> None:
        self.sandbox, self.slip = sandbox, slip

    async def pays(self, method: Method) -> str:
        card = card_number(7, self.slip.insured_number)
        payment = PlannedPayment(self.sandbox.clock.now(), self.slip, method, card)
        paid = expect(await payers_of(self.sandbox).pay(payment))
        await self.sandbox.settle()
        return paid.payment_id

    async def next_goes_wrong(self, kind: ReceiptAnomaly) -> None:
        expect(await self.sandbox.provider.commands.inject_anomaly(ReceiptAnomalyRequest(kind=kind, next=1)))

    async def open(self) -> dict[str, str]:
        """Kind of open item → why."""
        return {item.kind: item.because for item in await self.sandbox.ward.queries.open_items()}

    async def records(self, payment_id: str) -> list[tuple[str, int]]:
        registered = (await self.sandbox.books())["ward"].receipts
        return sorted((r.kind, r.amount) for r in registered if r.payment_id == payment_id)

    async def outstanding(self) -> int:
        return expect(await self.sandbox.ward.queries.slip(self.slip.slip_number)).outstanding

    async def until(self, text: str) -> None:
        await self.sandbox.advance(jst(text))

    async def findings(self) -> list[str]:
        return [finding.code for finding in audit(await self.sandbox.books()).findings]

    async def deposited(self) -> int:
        return sum(d.amount for d in (await self.sandbox.books())["ward"].deposits)


@asynccontextmanager
async def a_story() -> AsyncIterator[Story]:
    sandbox = Sandbox(jst("2021-07-12T10:00"), seed=7)
    await sandbox.start()
    try:
        request = SlipRequest(insured_number="0000000001", amount=8_500, due_on=date(2021, 8, 2))
        yield Story(sandbox, expect(await sandbox.ward.commands.issue_slip(request)))
    finally:
        await sandbox.close()


@pytest.mark.parametrize("method", [CARD, Method.INTERNET_BANKING, STORE])
async def test_another_amount_in_the_confirmation_than_before_is_shown_and_the_first_stands(method: Method) -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.CONFIRMED_AMOUNT_DIFFERS)
        payment_id = await story.pays(method)
        await story.until(EVERYTHING_DEPOSITED)
        assert await story.records(payment_id) == [("01", 8_500), ("02", 9_500)]
        (why,) = (await story.open()).values()
        assert why == "receipt_amount_differs (01/02): 速報 says ¥8,500, 確報 ¥9,500; the 速報 stands"
        assert (await story.outstanding(), await story.deposited(), await story.findings()) == (0, 8_500, [])


async def test_a_confirmation_without_a_preliminary_record_is_shown_until_somebody_looks() -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.CONFIRMED_WITHOUT_PRELIMINARY)
        payment_id = await story.pays(CARD)
        await story.until("2021-07-15T08:59")
        assert await story.records(payment_id) == []
        await story.until(EVERYTHING_DEPOSITED)
        assert await story.records(payment_id) == [("02", 8_500)]
        found = await story.open()
        assert list(found) == ["confirmed_without_preliminary"]
        assert "[channels_with_preliminary]" in found["confirmed_without_preliminary"]
        assert (await story.outstanding(), await story.deposited(), await story.findings()) == (0, 8_500, [])


async def test_a_channel_without_preliminary_records_is_no_contradiction() -> None:
    async with a_story() as story:
        await story.pays(BANK_COUNTER)
        await story.until(EVERYTHING_DEPOSITED)
        assert await story.open() == {}


async def test_a_confirmation_that_never_comes_is_overdue_and_keeps_the_statement_open() -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.NEVER_CONFIRMED)
        payment_id = await story.pays(STORE)
        await story.until("2021-07-21T23:59")
        assert "confirmation_overdue" not in await story.open()
        await story.until("2021-07-22T00:00")  # after 13, 14, 15, 16, 19, 20 and 21 July
        assert "confirmation_overdue" in await story.open()
        await story.until(EVERYTHING_DEPOSITED)
        assert await story.records(payment_id) == [("01", 8_500)]
        found = await story.open()
        assert "[confirmation_expected_business_days]" in found["confirmation_overdue"]
        assert "receipt_not_confirmed 確報未着" in found["statement_open"]
        assert (await story.outstanding(), await story.deposited(), await story.findings()) == (0, 8_500, [])


@pytest.mark.parametrize("method", [CARD, STORE, BANK_COUNTER])
async def test_a_payment_of_which_no_record_comes_is_found_when_its_settler_lists_it(method: Method) -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.NEVER_REPORTED)
        payment_id = await story.pays(method)
        await story.until(EVERYTHING_DEPOSITED)
        assert await story.records(payment_id) == []
        assert "receipt_missing 収納データ未着" in (await story.open())["statement_open"]
        assert (await story.outstanding(), await story.deposited(), await story.findings()) == (8_500, 8_500, [])


async def test_a_record_sent_twice_with_another_content_is_shown_and_the_registered_one_stands() -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.SENT_TWICE)
        payment_id = await story.pays(CARD)
        await story.until(EVERYTHING_DEPOSITED)
        assert await story.records(payment_id) == [("01", 8_500), ("02", 8_500)]
        (why,) = (await story.open()).values()
        said = "the registered 確報 says ¥8,500, another 確報 ¥9,500; the registered one stands"
        assert why == f"receipt_amount_differs (02): {said}"
        assert (await story.outstanding(), await story.deposited(), await story.findings()) == (0, 8_500, [])
        for service in story.sandbox.services:
            assert await service.dead_letters() == []


async def test_a_cancellation_after_the_confirmation_is_shown_though_the_money_comes() -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.CANCELLED_AFTER_CONFIRMED)
        payment_id = await story.pays(CARD)
        await story.until(EVERYTHING_DEPOSITED)
        assert await story.records(payment_id) == [("01", 8_500), ("02", 8_500), ("03", 8_500)]
        found = await story.open()
        assert "cancelled_after_confirmed (02/03)" in found["discrepancy"]
        assert "receipt_cancelled 取消済" in found["statement_open"]
        assert (await story.outstanding(), await story.deposited()) == (8_500, 8_500)
        (finding,) = audit(await story.sandbox.books()).findings
        assert (finding.code, finding.subject, finding.state) == ("promise_without_receipt", payment_id, State.OPEN)


async def test_the_money_of_a_cancelled_payment_is_given_back_by_a_decision() -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.CANCELLED_AFTER_CONFIRMED)
        payment_id = await story.pays(CARD)
        await story.until(EVERYTHING_DEPOSITED)
        (statement,) = await story.sandbox.agents[Agent.UC].queries.statements()
        decision = ResolutionRequest(
            statement_id=statement.statement_id,
            action="return_payment",
            payment_id=payment_id,
            decided_by="会計係",
            because="the payer has his money back",
        )
        decided = await story.sandbox.ward.commands.resolve(decision)
        assert not isinstance(decided, Refusal)
        await story.sandbox.settle()
        assert (decided.amount, await story.open()) == (8_500, {})
        (finding,) = audit(await story.sandbox.books()).findings
        assert (finding.code, finding.state) == ("promise_without_receipt", State.RESOLVED)
        assert await story.outstanding() == 8_500


async def test_an_anomaly_meets_the_next_payments_that_it_fits_and_no_more() -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.CONFIRMED_AMOUNT_DIFFERS)
        untouched = [await story.pays(BANK_COUNTER)]
        struck = await story.pays(STORE)
        untouched.append(await story.pays(Method.COUNTER))
        (asked,) = await story.sandbox.provider.queries.anomalies()
        assert (asked.payment_id, asked.kind) == (struck, A.CONFIRMED_AMOUNT_DIFFERS)
        await story.until(EVERYTHING_DEPOSITED)
        assert [await story.records(p) for p in untouched] == [[("02", 8_500)]] * 2
        assert (await story.records(struck))[1] == ("02", 9_500)


async def test_the_provider_explains_what_went_wrong() -> None:
    async with a_story() as story:
        await story.next_goes_wrong(A.CONFIRMED_AMOUNT_DIFFERS)
        payment_id = await story.pays(STORE)
        await story.until(EVERYTHING_DEPOSITED)
        explained = (await story.sandbox.provider.queries.explain([payment_id]))[payment_id]
        (wrong,) = [step for step in explained.steps if step.event.startswith("確報")]
        assert "¥9,500" in wrong.detail
        assert "異常 confirmed_amount_differs" in wrong.detail
