"""甲: a slip with too much on it (過誤納): applied (充当), refunded (還付), lapsed (時効), cancelled (取消)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from contracts.events import Event
from contracts.http.ward.overpayments import ApplyOverpayment, RefundOverpayment
from contracts.http.ward.slips import SlipView
from contracts.vocabulary import ReceiptKind, Settler
from services.ward.domain.overpayments import Use
from tests.component.driven import accepted, refused
from tests.component.driven_ward import NOON, DrivenWard, receipt
from tests.component.home import Home

P, X = ReceiptKind.PRELIMINARY, ReceiptKind.CANCELLED
SECOND = timedelta(seconds=1)
DECIDED = datetime.fromisoformat("2021-07-26T16:00:00+09:00")
"""Fourteen days after NOON; refunds follow on the next bank business day fourteen days later."""
REFUNDED, LAPSED = map(datetime.fromisoformat, ("2021-08-10T10:00:00+09:00", "2023-07-27T00:00:00+09:00"))
NOVEMBER = datetime.fromisoformat("2021-11-15T12:00:00+09:00")  # the first four instalments are overdue


def twice(slip: SlipView) -> tuple[Event, Event]:
    """二重納付"""
    return receipt("p1", slip), receipt("p2", slip, settler=Settler.BANK)


async def paid_twice(home: Home | None = None, **given: Any) -> tuple[DrivenWard, Sequence[SlipView]]:
    """A person whose first slip was paid twice, at NOON."""
    ward = await DrivenWard.started(home, **given)
    slips = await ward.assess()
    await ward.send(*twice(slips[0]))
    return ward, slips


async def owed_in_november(home: Home | None = None) -> tuple[DrivenWard, Sequence[SlipView]]:
    """The fifth slip, not due yet, is paid three times; the first and the third, ¥10,000 each, are overdue."""
    ward = await DrivenWard.started(home, NOVEMBER)
    slips = await ward.assess()
    await ward.send(receipt("second", slips[1]), receipt("fourth", slips[3]))
    await ward.send(*twice(slips[4]), receipt("p3", slips[4]))
    return ward, slips


async def uses(ward: DrivenWard, slip: SlipView) -> list[tuple[str, int, str | None]]:
    view = accepted(await ward.service.queries.overpayment(slip.slip_number))
    return [(use.use, use.amount - use.withdrawn - use.reclaimed, use.to_slip) for use in view.uses]


async def outstanding(ward: DrivenWard) -> list[int]:
    return [slip.outstanding for slip in await ward.service.queries.slips()]


# ---- by itself -------------------------------------------------------------------------------------------


async def test_what_nobody_owes_is_refunded_after_its_decision(home: Home) -> None:
    ward, slips = await paid_twice(home)
    number = slips[0].slip_number
    await ward.advance(DECIDED)
    view = accepted(await ward.service.queries.overpayment(number))
    assert (view.undecided, view.uses, (await ward.balances())["overpayments"]) == (10_000, (), -10_000)
    assert view.decide_at is not None
    assert "decided on 2021-07-26 [overpayment_decision_days]" in (await ward.reasons("overpayment"))[number]

    await ward.advance(DECIDED + SECOND)
    assert await uses(ward, slips[0]) == [(Use.REFUND_DECIDED, 10_000, None)]
    balances = await ward.balances()
    assert ("overpayments" in balances, balances["refunds_payable"]) == (False, -10_000)
    assert "due on 2021-08-10 [refund_days]" in (await ward.reasons("refund_payable"))[number]

    await ward.advance(REFUNDED)
    assert (await ward.balances())["refunds_payable"] == -10_000
    await ward.advance(REFUNDED + SECOND)
    balances = await ward.balances()
    assert ("refunds_payable" in balances, balances["bank_account"]) == (False, -10_000)
    (refund,) = (await ward.service.books()).refunds
    assert (refund.slip_number, refund.amount, refund.on) == (number, 10_000, date(2021, 8, 10))
    assert await ward.reasons("overpayment") == await ward.reasons("refund_payable") == {}
    assert accepted(await ward.service.queries.slip(number)).outstanding == 0


async def test_overdue_debts_of_the_person_come_first_the_oldest_due_before_the_others(home: Home) -> None:
    ward, slips = await owed_in_november(home)
    await ward.send(receipt("p4", slips[4], amount=1_500))
    await ward.advance(NOVEMBER + timedelta(days=15))
    first, third = slips[0].slip_number, slips[2].slip_number
    assert await uses(ward, slips[4]) == [
        (Use.APPLIED, 10_000, first),
        (Use.APPLIED, 10_000, third),
        (Use.REFUND_DECIDED, 1_500, None),
    ]
    assert await outstanding(ward) == [0, 0, 0, 0, 0, 10_000, 10_000, 10_000, 10_000]
    balances = await ward.balances()
    assert (balances["premium_receivable"], balances["refunds_payable"]) == (40_000, -1_500)
    assert balances.keys().isdisjoint({"applications", "overpayments"})


async def test_a_part_may_be_all_that_there_is_for_an_overdue_debt(home: Home) -> None:
    ward = await DrivenWard.started(home, NOVEMBER)
    slips = await ward.assess()
    await ward.send(receipt("p1", slips[4], amount=14_000))
    await ward.advance(NOVEMBER + timedelta(days=15))
    assert await uses(ward, slips[4]) == [(Use.APPLIED, 4_000, slips[0].slip_number)]
    assert (await outstanding(ward))[:5] == [6_000, 10_000, 10_000, 10_000, 0]


async def test_a_debt_of_another_person_is_not_paid_with_it(home: Home) -> None:
    ward = await DrivenWard.started(home, NOVEMBER)
    other = (await ward.assess(insured_number="0000000009"))[0]
    slips = await ward.assess()
    await ward.send(*(receipt(f"paid-{n}", slip) for n, slip in enumerate(slips)), *twice(slips[0]))
    await ward.advance(NOVEMBER + timedelta(days=15))
    assert await uses(ward, slips[0]) == [(Use.REFUND_DECIDED, 20_000, None)]
    assert accepted(await ward.service.queries.slip(other.slip_number)).outstanding == 10_000


async def test_a_refund_that_nobody_asks_for_lapses_two_years_after_its_decision(home: Home) -> None:
    ward, slips = await paid_twice(home, refund_days=None)
    await ward.advance(LAPSED)
    assert (await ward.balances())["refunds_payable"] == -10_000
    await ward.advance(LAPSED + SECOND)
    assert await uses(ward, slips[0]) == [(Use.LAPSED, 10_000, None)]
    balances = await ward.balances()
    assert balances["lapsed_refunds"] == -10_000
    assert balances.keys().isdisjoint({"refunds_payable", "bank_account"})
    assert (await ward.service.queries.explain(["p1"]))["p1"].steps[-1].detail.endswith("[refund_lapse_years]")


async def test_what_comes_too_much_after_a_decision_is_decided_on_by_itself(home: Home) -> None:
    ward, slips = await paid_twice(home)
    await ward.advance(DECIDED + SECOND)
    await ward.send(receipt("p3", slips[0]))
    await ward.advance(DECIDED + timedelta(days=15))
    assert await uses(ward, slips[0]) == [(Use.REFUNDED, 10_000, None)]
    await ward.advance(DECIDED + timedelta(days=15, seconds=1))
    assert await uses(ward, slips[0]) == [(Use.REFUNDED, 10_000, None), (Use.REFUND_DECIDED, 10_000, None)]


# ---- cancelled -------------------------------------------------------------------------------------------


async def test_a_receipt_cancelled_before_the_decision_leaves_nothing_to_decide(home: Home) -> None:
    ward, slips = await paid_twice(home)
    await ward.send(receipt("p2", slips[0], X, settler=Settler.BANK))
    await ward.advance(DECIDED + SECOND)
    assert await ward.service.queries.overpayments() == []
    assert await ward.reasons("overpayment") == {}
    assert "overpayments" not in await ward.balances()


async def test_a_receipt_cancelled_before_the_refund_is_paid_withdraws_it(home: Home) -> None:
    ward, slips = await paid_twice(home)
    await ward.advance(DECIDED + SECOND)
    await ward.send(receipt("p2", slips[0], X, settler=Settler.BANK))
    await ward.advance(REFUNDED + SECOND)
    assert await uses(ward, slips[0]) == [(Use.REFUND_DECIDED, 0, None)]
    assert (await ward.balances()).keys() == {"premium_receivable", "premium_revenue", "in_transit_jcb"}
    assert (await outstanding(ward))[0] == 0
    assert (await ward.service.books()).refunds == []
    assert await ward.reasons("refund_payable") == {}


async def test_a_receipt_cancelled_after_the_refund_is_a_claim_on_the_payer(home: Home) -> None:
    ward, slips = await paid_twice(home)
    await ward.advance(REFUNDED + SECOND)
    await ward.send(receipt("p2", slips[0], X, settler=Settler.BANK))
    await ward.advance(REFUNDED + timedelta(days=1))
    balances = await ward.balances()
    assert (balances["repayment_claims"], balances["bank_account"]) == (10_000, -10_000)
    assert (await outstanding(ward))[0] == 0, "the other payment stands"
    assert "返納金" in (await ward.reasons("repayment_claim"))[slips[0].slip_number]
    (view,) = await ward.service.queries.overpayments()
    assert [(use.use, use.amount, use.reclaimed) for use in view.uses] == [(Use.REFUNDED, 10_000, 10_000)]
    assert "返納金" in (await ward.service.queries.explain(["p1"]))["p1"].steps[-1].detail


async def test_both_receipts_cancelled_after_the_refund_leave_debt_and_claim(home: Home) -> None:
    ward, slips = await paid_twice(home)
    await ward.advance(REFUNDED + SECOND)
    await ward.send(receipt("p1", slips[0], X), receipt("p2", slips[0], X, settler=Settler.BANK))
    await ward.advance(REFUNDED + timedelta(days=1))
    balances = await ward.balances()
    assert (balances["repayment_claims"], balances["premium_receivable"]) == (10_000, 90_000)
    assert (await outstanding(ward))[0] == 10_000


async def test_a_receipt_cancelled_after_it_was_applied_revives_the_debt_it_was_applied_to(home: Home) -> None:
    ward, slips = await owed_in_november(home)
    await ward.advance(NOVEMBER + timedelta(days=25))
    assert slips[2].slip_number not in [r.slip_number for r in await ward.service.queries.reminders()]
    await ward.send(receipt("p2", slips[4], X, settler=Settler.BANK))
    await ward.advance(NOVEMBER + timedelta(days=26))
    assert await uses(ward, slips[4]) == [
        (Use.APPLIED, 10_000, slips[0].slip_number),
        (Use.APPLIED, 0, slips[2].slip_number),
    ]
    assert (await outstanding(ward))[:5] == [0, 0, 10_000, 0, 0]
    revived = slips[2].slip_number
    await ward.advance(NOVEMBER + timedelta(days=60))
    assert (revived, 1) in [(r.slip_number, r.number) for r in await ward.service.queries.reminders()]


async def test_what_was_applied_to_a_debt_that_is_then_paid_goes_on_from_there(home: Home) -> None:
    ward, slips = await owed_in_november(home)
    await ward.advance(NOVEMBER + timedelta(days=15))
    await ward.send(receipt("late", slips[0]))
    await ward.advance(NOVEMBER + timedelta(days=31))
    assert await uses(ward, slips[0]) == [(Use.REFUND_DECIDED, 10_000, None)]
    await ward.send(receipt("p2", slips[4], X, settler=Settler.BANK), receipt("p3", slips[4], X))
    await ward.advance(NOVEMBER + timedelta(days=32))
    assert await uses(ward, slips[0]) == [(Use.REFUND_DECIDED, 0, None)]
    assert [use for use, left, _ in await uses(ward, slips[4]) if left] == []
    assert (await outstanding(ward))[:5] == [0, 0, 10_000, 0, 0]


async def test_a_lapsed_refund_is_taken_back_from_income(home: Home) -> None:
    ward, slips = await paid_twice(home, refund_days=None)
    await ward.advance(LAPSED + SECOND)
    await ward.send(receipt("p1", slips[0], X))
    await ward.advance(LAPSED + timedelta(days=1))
    assert "lapsed_refunds" not in await ward.balances()
    assert (await outstanding(ward))[0] == 0


# ---- by hand ---------------------------------------------------------------------------------------------


async def test_an_overpayment_is_decided_by_hand_in_parts(home: Home) -> None:
    ward, slips = await paid_twice(home)
    number, later = slips[0].slip_number, slips[1].slip_number
    apply = ApplyOverpayment(slip_number=number, to_slip=later, amount=4_000)
    view = accepted(await ward.service.commands.apply_overpayment(apply, key="k"))
    assert accepted(await ward.service.commands.apply_overpayment(apply, key="k")) == view
    assert view.undecided == 6_000
    assert [(u.use, u.amount, u.to_slip) for u in view.uses] == [(Use.APPLIED, 4_000, later)]
    assert (await outstanding(ward))[1] == 6_000
    done = accepted(await ward.service.commands.refund_overpayment(RefundOverpayment(slip_number=number, amount=5_000)))
    assert done.undecided == 1_000
    await ward.advance(DECIDED + SECOND)
    assert [u.amount for u in accepted(await ward.service.queries.overpayment(number)).uses] == [4_000, 5_000, 1_000]


async def test_a_decision_that_does_not_fit_is_refused_by_name(home: Home) -> None:
    ward, slips = await paid_twice(home)
    other = (await ward.assess(insured_number="0000000009"))[0]
    number, paid, owed = slips[0].slip_number, slips[0].slip_number, slips[1].slip_number
    before = await ward.balances()

    async def code(slip_number: str, to_slip: str | None = None, amount: int | None = None) -> str:
        asked = ApplyOverpayment(slip_number=slip_number, to_slip=to_slip, amount=amount)
        return refused(await ward.service.commands.apply_overpayment(asked)).code

    assert await code(owed, number) == "nothing_overpaid"
    assert await code(number, owed, 10_001) == "more_than_overpaid"
    assert await code(number, other.slip_number) == "slip_of_another"
    assert await code(number, "9" * 21) == "slip_of_another"
    assert await code(number, paid) == "nothing_owed"
    assert await code(number) == "nothing_overdue"
    assert await code("9" * 21) == "slip_unknown"
    await ward.send(receipt("p3", slips[0]))
    assert await code(number, owed, 10_001) == "more_than_owed"
    too_much = RefundOverpayment(slip_number=number, amount=20_001)
    assert refused(await ward.service.commands.refund_overpayment(too_much)).code == "more_than_overpaid"
    await ward.send(receipt("p3", slips[0], X))
    assert await ward.balances() == before


async def test_overpayments_over_http(home: Home) -> None:
    ward, slips = await paid_twice(home)
    number = slips[0].slip_number
    async with httpx.AsyncClient(transport=httpx.ASGITransport(ward.http), base_url="http://ward") as http:
        (listed,) = (await http.get("/overpayments")).json()
        assert (listed["slip_number"], listed["undecided"]) == (number, 10_000)
        body = {"to_slip": slips[1].slip_number, "amount": 100}
        applied = (await http.post(f"/overpayments/{number}/apply", json=body)).json()
        assert [use["use"] for use in applied["uses"]] == ["applied"]
        rest = (await http.post(f"/overpayments/{number}/refund", json={})).json()
        assert (rest["undecided"], rest["uses"][1]["amount"]) == (0, 9_900)
        again = await http.post(f"/overpayments/{number}/refund", json={})
        assert (again.status_code, again.json()["code"]) == (409, "nothing_overpaid")
        assert (await http.get(f"/overpayments/{'9' * 21}")).status_code == 404
        shown = (await http.get(f"/overpayments/{number}")).json()
        assert [use["amount"] for use in shown["uses"]] == [100, 9_900]


# ---- explained -------------------------------------------------------------------------------------------


async def test_the_story_of_a_payment_tells_what_became_of_its_slip(home: Home) -> None:
    ward, slips = await paid_twice(home)
    await ward.advance(NOON + SECOND)
    story = (await ward.service.queries.explain(["p2"]))["p2"]
    assert [s.event for s in story.steps][-1] == "過誤納 overpaid"
    await ward.advance(DECIDED + SECOND)
    assert await ward.service.commands.apply_overpayment(ApplyOverpayment(slip_number=slips[0].slip_number)) is not None
    await ward.advance(REFUNDED + SECOND)
    steps = (await ward.service.queries.explain(["p2"]))["p2"].steps
    assert [(s.event.split()[0], s.detail.rpartition("[")[2]) for s in steps][-2:] == [
        ("還付決定", "overpayment_decision_days]"),
        ("還付", "refund_days]"),
    ]


# ---- whatever the order ----------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.data())
def test_the_order_of_what_comes_at_one_time_changes_nothing(data: st.DataObject) -> None:
    """Payments and cancellations at the hour of decision or refund, in any order and in any batches."""
    order = data.draw(st.permutations(range(5)))
    cuts = sorted(data.draw(st.lists(st.integers(0, 5), max_size=3)))
    at = data.draw(st.sampled_from([NOVEMBER, NOVEMBER.replace(hour=16) + timedelta(days=14)]))
    assert asyncio.run(_outcome(order, cuts, at)) == asyncio.run(_outcome(range(5), [], at))


async def _outcome(order: Sequence[int], cuts: Sequence[int], at: datetime) -> tuple[Any, ...]:
    ward, slips = await owed_in_november()
    await ward.advance(at)
    events = [
        structs.replace(event, delivered_at=at)
        for event in (
            receipt("p2", slips[4], X, settler=Settler.BANK),
            receipt("p5", slips[4]),
            receipt("late", slips[0]),
            receipt("fourth", slips[3], X),
            receipt("p6", slips[3], amount=12_000),
        )
    ]
    bounds = [0, *cuts, len(order)]
    for start, end in pairwise(bounds):
        await ward.send(*(events[n] for n in order[start:end]))
    await ward.advance(NOVEMBER + timedelta(days=45))
    assert await ward.service.dead_letters() == []
    books = await ward.service.books()
    overpaid, sent = await ward.service.queries.overpayments(), await ward.service.queries.reminders()
    found = sorted(books.transfers), books.refunds, await outstanding(ward), list(overpaid), list(sent)
    await ward.service.close()
    return found
