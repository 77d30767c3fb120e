"""Every channel of the ward, from the slip to the reconciled deposit, each with its own delays and money path."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from typing import Any

import pytest

from contracts.http.payment_provider.payments import PaymentView
from contracts.http.ward.slips import AssessmentsRequest, SlipRequest, SlipView
from contracts.vocabulary import IN_APP, OUTSIDE_APP, Method, Refusal, on_the_clock
from services.console.books.audit import audit
from services.console.books.digest import digest
from services.console.payers.cards import card_number
from services.console.payers.habits import ORDINARY_MIX, Habit, Habits, plan_habits
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox
from services.ward.app import generate_assessments

DUE = date(2021, 8, 2)


def jst(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


@asynccontextmanager
async def running(start: datetime, seed: int = 7, **overrides: dict[str, Any]) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(start, seed, overrides=overrides)
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.close()


async def a_slip(sandbox: Sandbox, amount: int = 8_500, insured_number: str = "0000000001") -> SlipView:
    return expect(
        await sandbox.ward.commands.issue_slip(SlipRequest(insured_number=insured_number, amount=amount, due_on=DUE))
    )


async def paid(sandbox: Sandbox, slip: SlipView, method: Method) -> PaymentView:
    return expect(await payers_of(sandbox).pay(PlannedPayment(sandbox.clock.now(), slip, method)))


@pytest.mark.parametrize(
    ("method", "kinds", "deposited_on"),
    [
        # Paid on Monday 2021-07-12. 確報 after 5 business days; closing on the 20th, deposit 9 business days later:
        # 21, 26, 27, 28, 29, 30 July, 2, 3, 4 August (22 and 23 July are holidays).
        (Method.CONVENIENCE_STORE, [("01", date(2021, 7, 13)), ("02", date(2021, 7, 19))], date(2021, 8, 4)),
        (Method.BANK_COUNTER, [("02", date(2021, 7, 16))], date(2021, 7, 16)),
        (Method.DIRECT_DEBIT, [("02", date(2021, 7, 16))], date(2021, 7, 16)),
        (Method.COUNTER, [("02", date(2021, 7, 13))], date(2021, 7, 13)),
        (Method.INTERNET_BANKING, [("01", date(2021, 7, 12)), ("02", date(2021, 7, 15))], date(2021, 7, 14)),
    ],
)
async def test_each_channel_tells_and_pays_on_its_own_days(
    method: Method, kinds: list[tuple[str, date]], deposited_on: date
) -> None:
    async with running(jst("2021-07-12T10:00")) as sandbox:
        payment = await paid(sandbox, await a_slip(sandbox), method)
        await sandbox.advance(jst("2021-08-31T00:00"))
        books = await sandbox.books()
        assert [(r.kind, r.on) for r in sorted(books["ward"].receipts)] == kinds
        (deposit,) = books["ward"].deposits
        assert (deposit.amount, deposit.on) == (8_500, deposited_on)
        assert books["ward"].reconciled == [deposit.statement_id]
        assert audit(books).conserved
        assert await sandbox.ward.queries.open_items() == []
        assert expect(await sandbox.provider.queries.payment(payment.payment_id)).status == "confirmed"
        balances = {b.account: b.balance for b in await sandbox.ward.queries.balances() if b.balance}
        assert balances == {"bank_account": 8_500, "premium_revenue": -8_500}


@pytest.mark.parametrize("method", OUTSIDE_APP)
async def test_until_it_is_told_the_ward_does_not_know_and_nothing_is_lost(method: Method) -> None:
    async with running(jst("2021-07-12T10:00")) as sandbox:
        slip = await a_slip(sandbox)
        await paid(sandbox, slip, method)
        await sandbox.advance(jst("2021-07-13T08:59"))
        found = audit(await sandbox.books())
        assert found.conserved
        assert (found.receipts_yen, found.untold_yen, found.promised_yen) == (0, 8_500, 8_500)
        assert expect(await sandbox.ward.queries.slip(slip.slip_number)).outstanding == 8_500
        await sandbox.advance(jst("2021-07-20T00:00"))
        found = audit(await sandbox.books())
        assert (found.receipts_yen, found.untold_yen) == (8_500, 0)
        assert expect(await sandbox.ward.queries.slip(slip.slip_number)).outstanding == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Method.CONVENIENCE_STORE, Method.BANK_COUNTER),
        (Method.CONVENIENCE_STORE, Method.CONVENIENCE_STORE),
        (Method.INTERNET_BANKING, Method.CONVENIENCE_STORE),
        (Method.COUNTER, Method.INTERNET_BANKING),
        (Method.DIRECT_DEBIT, Method.COUNTER),
    ],
)
async def test_a_slip_paid_at_two_channels_is_an_overpayment(first: Method, second: Method) -> None:
    async with running(jst("2021-07-12T10:00")) as sandbox:
        slip = await a_slip(sandbox)
        once = await paid(sandbox, slip, first)
        await sandbox.advance(jst("2021-07-12T12:00"))
        again = await paid(sandbox, slip, second)
        assert again.payment_id != once.payment_id
        await sandbox.advance(jst("2021-08-31T00:00"))
        books = await sandbox.books()
        assert audit(books).conserved
        assert {r.payment_id for r in books["ward"].receipts} == {once.payment_id, again.payment_id}
        assert sum(d.amount for d in books["ward"].deposits) == 17_000
        assert len(books["ward"].reconciled) == len(books["ward"].statements) > 0
        balances = {b.account: b.balance for b in await sandbox.ward.queries.balances()}
        assert balances["premium_receivable"] == 0


async def test_the_app_refuses_only_what_it_has_taken_itself() -> None:
    async with running(jst("2021-07-12T10:00")) as sandbox:
        slip = await a_slip(sandbox)
        await paid(sandbox, slip, Method.INTERNET_BANKING)
        await sandbox.advance(jst("2021-07-12T11:00"))
        await paid(sandbox, slip, Method.COUNTER)
        refused = await payers_of(sandbox).pay(PlannedPayment(sandbox.clock.now(), slip, Method.INTERNET_BANKING))
        assert isinstance(refused, Refusal)
        assert refused.code == "slip_already_paid"


async def test_a_slip_without_a_barcode_is_paid_at_a_counter_or_a_bank() -> None:
    async with running(jst("2021-07-12T10:00")) as sandbox:
        slip = await a_slip(sandbox, amount=300_100)
        assert slip.barcode is None
        at_till = await payers_of(sandbox).pay(PlannedPayment(sandbox.clock.now(), slip, Method.CONVENIENCE_STORE))
        assert isinstance(at_till, Refusal)
        assert at_till.code == "collection_needs_barcode"
        await paid(sandbox, slip, Method.BANK_COUNTER)
        await sandbox.advance(jst("2021-07-31T00:00"))
        assert await sandbox.ward.queries.open_items() == []
        assert expect(await sandbox.ward.queries.slip(slip.slip_number)).outstanding == 0


@pytest.mark.parametrize(("days", "told_on"), [(0, 12), (1, 13), (2, 14), (5, 15)])
@pytest.mark.parametrize("method", sorted(IN_APP))
async def test_a_delay_of_the_preliminary_record_in_the_app_is_a_setting(
    method: Method, days: int, told_on: int
) -> None:
    """確報 comes on the 15th: 速報 is with it at the latest."""
    name = "preliminary_delay_days" if method is Method.CARD else "bank_preliminary_delay_days"
    async with running(jst("2021-07-12T10:00"), payment_provider={name: days}) as sandbox:
        payment = PlannedPayment(sandbox.clock.now(), await a_slip(sandbox), method, card_number(7, "0000000001"))
        paid = expect(await payers_of(sandbox).pay(payment))
        await sandbox.advance(jst("2021-08-31T00:00"))
        books = await sandbox.books()
        assert [(r.kind, r.on.day) for r in sorted(books["ward"].receipts)] == [("01", told_on), ("02", 15)]
        assert audit(books).conserved
        assert await sandbox.ward.queries.open_items() == []
        (story,) = (await sandbox.provider.queries.explain([paid.payment_id])).values()
        delayed = next(step for step in story.steps if step.event.startswith("速報"))
        assert (f"[{name}]" in delayed.detail) == (days > 0)


HABITS = Habits(ORDINARY_MIX, {Habit.EARLY: 4, Habit.ON_THE_DAY: 3, Habit.LATE: 2, Habit.NEVER: 1, Habit.TWICE: 1})


async def played(seed: int, payers: int) -> tuple[dict[str, Any], list[PlannedPayment], int]:
    """A fiscal year of all channels: (books, what was planned, what is open)."""
    async with running(on_the_clock(date(2021, 6, 15), time(0)), seed) as sandbox:
        assessed = tuple(generate_assessments(seed, payers, 2021))
        expect(await sandbox.ward.commands.assess(AssessmentsRequest(assessments=assessed)))
        planned = plan_habits(await sandbox.ward.queries.slips(limit=payers * 9), HABITS, seed)
        crowd = payers_of(sandbox)
        for payment in planned:
            await sandbox.advance(payment.at)
            expect(await crowd.pay(payment))
        await sandbox.advance(on_the_clock(date(2022, 6, 30), time(0)))
        items = [i for i in await sandbox.ward.queries.open_items() if not i.kind.startswith("overpayment")]
        return await sandbox.books(), planned, len(items)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_year_of_all_channels_is_reconciled_to_the_yen(seed: int) -> None:
    books, planned, open_items = await played(seed, payers=12)
    found = audit(books)
    assert found.conserved, found.findings
    assert found.receipts_yen == sum(p.slip.amount for p in planned) == found.deposits_yen
    assert (found.untold_yen, found.undeposited_yen, open_items) == (0, 0, 0)
    assert sorted(books["ward"].reconciled) == sorted(s.statement_id for s in books["ward"].statements)
    assert len({p.method for p in planned}) >= 4


async def test_one_seed_has_one_digest_whatever_the_channels() -> None:
    assert digest((await played(5, payers=4))[0]) == digest((await played(5, payers=4))[0])
