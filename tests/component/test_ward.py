"""甲: slips from assessments, receipts registered once in any order, over real SQLite and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import ReceiptDelivered
from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.http.ward.slips import Assessment, AssessmentsRequest, SlipRequest
from contracts.vocabulary import ReceiptKind, Settler
from services.ward.app import generate_assessments
from tests.component.driven import accepted, refused
from tests.component.driven_ward import NOON, PERSON, DrivenWard, receipt
from tests.component.home import Home

P, C, X = ReceiptKind.PRELIMINARY, ReceiptKind.CONFIRMED, ReceiptKind.CANCELLED
UNKNOWN_SLIP = "9" * 21
CSV = "insured_number,levy_year,annual_amount\r\n0000000123,2021,74400\r\n"
CSV_TYPE = {"Content-Type": "text/csv; charset=utf-8"}


def request(*rows: tuple[str, int]) -> AssessmentsRequest:
    people = tuple(Assessment(insured_number=n, levy_year=2021, annual_amount=amount) for n, amount in rows)
    return AssessmentsRequest(assessments=people)


# ---- slips -----------------------------------------------------------------------------------------------


async def test_an_assessment_becomes_nine_slips_that_are_owed(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = await ward.assess(74_400)
    assert [slip.amount for slip in slips] == [8_800, *[8_200] * 8]
    assert slips[0].due_on == date(2021, 8, 2)
    assert await ward.balances() == {"premium_receivable": 74_400, "premium_revenue": -74_400}
    for slip in slips:
        code = barcode.decode(slip.barcode or "")
        assert isinstance(code, Barcode)
        assert (code.free_area, code.amount, code.issuer) == (slip.slip_number, slip.amount, "912345")
        assert slip.human_readable == code.human_readable()


async def test_the_same_assessment_is_issued_once_and_another_amount_is_refused(home: Home) -> None:
    ward = await DrivenWard.started(home)
    await ward.assess(74_400)
    again = accepted(
        await ward.service.commands.assess(request((PERSON, 74_400), ("0000000124", 9_000), ("0000000124", 9_000)))
    )
    assert (again.slips_issued, again.amount_levied) == (9, 9_000)
    refusal = refused(await ward.service.commands.assess(request(("0000000125", 9_000), (PERSON, 74_500))))
    assert refusal.code == "assessment_exists"
    assert "¥74,400" in refusal.detail
    assert await ward.service.queries.slips("0000000125") == []


async def test_requests_at_the_same_moment_do_not_disturb_each_other(home: Home) -> None:
    ward = await DrivenWard.started(home)
    asked = [request((f"{n % 20:010d}", 9_000)) for n in range(40)]
    answers = [accepted(a) for a in await asyncio.gather(*(ward.service.commands.assess(r) for r in asked))]
    assert sum(a.slips_issued for a in answers) == 20 * 9


async def test_a_generated_fiscal_year_is_issued_whole(home: Home) -> None:
    ward = await DrivenWard.started(home)
    people = generate_assessments(3, 50, 2021)
    answer = accepted(await ward.service.commands.assess(AssessmentsRequest(assessments=tuple(people))))
    assert (answer.slips_issued, answer.amount_levied) == (450, sum(p.annual_amount for p in people))
    assert all(slip.barcode for slip in await ward.service.queries.slips())


async def test_a_slip_above_the_limit_is_issued_without_a_barcode(home: Home) -> None:
    ward = await DrivenWard.started(home)
    asked = SlipRequest(insured_number=PERSON, amount=300_001, due_on=date(2021, 9, 30))
    first = accepted(await ward.service.commands.issue_slip(asked, key="k"))
    assert (first.barcode, first.human_readable, first.instalment) == (None, None, 50)
    assert await ward.service.commands.issue_slip(asked, key="k") == first
    assert accepted(await ward.service.commands.issue_slip(asked)).instalment == 51
    assert (await ward.balances())["premium_receivable"] == 2 * 300_001


async def test_a_slip_due_in_another_century_is_refused(home: Home) -> None:
    ward = await DrivenWard.started(home)
    asked = SlipRequest(insured_number=PERSON, amount=1, due_on=date(2150, 9, 30))
    assert refused(await ward.service.commands.issue_slip(asked)).code == "due_date_out_of_range"


async def test_slips_are_listed_in_pages_and_the_open_ones_by_themselves(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = await ward.assess()
    await ward.send(receipt("p1", slips[0]))
    assert list(await ward.service.queries.slips(after=slips[3].slip_number, limit=2)) == list(slips[4:6])
    assert [slip.slip_number for slip in await ward.service.queries.slips(open_only=True)] == [
        slip.slip_number for slip in slips[1:]
    ]
    assert accepted(await ward.service.queries.slip(slips[0].slip_number)).outstanding == 0
    assert refused(await ward.service.queries.slip(UNKNOWN_SLIP)).code == "slip_unknown"


# ---- receipts --------------------------------------------------------------------------------------------


async def test_a_receipt_is_posted_at_its_preliminary_record_and_taken_back_when_cancelled(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip))
    assert (await ward.balances())["in_transit_jcb"] == 10_000
    await ward.send(receipt("p1", slip, C))
    assert (await ward.balances())["in_transit_jcb"] == 10_000
    view = accepted(await ward.service.queries.receipt("p1"))
    assert (view.stands, view.confirmed, len(view.records)) == (True, True, 2)
    await ward.send(receipt("p1", slip, X))
    assert "in_transit_jcb" not in await ward.balances()
    assert accepted(await ward.service.queries.slip(slip.slip_number)).outstanding == slip.amount
    assert "cancelled_after_confirmed" in (await ward.reasons("discrepancy"))["p1"]


async def test_a_record_delivered_again_changes_nothing(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip))
    before = await ward.service.books()
    await ward.send(receipt("p1", slip))
    await ward.send(receipt("p1", slip), again="under another id")
    assert await ward.service.books() == before
    assert await ward.service.dead_letters() == []


async def test_a_record_twice_in_one_batch_is_registered_once(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip), receipt("p1", slip), receipt("p1", slip, C), receipt("p1", slip, C))
    assert (await ward.balances())["in_transit_jcb"] == slip.amount
    assert [(r.payment_id, r.kind) for r in (await ward.service.books()).receipts] == [("p1", P), ("p1", C)]
    assert await ward.reasons("overpayment") == {}
    assert await ward.service.dead_letters() == []


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_an_id_reused_for_another_payment_is_another_receipt(in_one_batch: bool, home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = await ward.assess()
    first, second = (ward.record(receipt(f"p{n}", slips[n])) for n in (1, 2))
    await ward.bus.produce([first])
    if not in_one_batch:
        await ward.settle()
    await ward.bus.produce([second._replace(headers=first.headers)])
    await ward.settle()
    assert (await ward.balances())["in_transit_jcb"] == slips[1].amount + slips[2].amount
    assert await ward.service.dead_letters() == []


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_an_id_reused_with_another_amount_is_a_contradiction_and_the_first_record_stands(
    in_one_batch: bool, home: Home
) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    first, second = (ward.record(receipt("p1", slip, amount=amount)) for amount in (10_000, 9_999))
    assert first.headers == second.headers
    await ward.bus.produce([first])
    if not in_one_batch:
        await ward.settle()
    for _ in range(2):
        await ward.bus.produce([second])
    await ward.settle()
    assert (await ward.balances())["in_transit_jcb"] == 10_000
    (why,) = (await ward.reasons("discrepancy")).values()
    assert "the registered 速報 says ¥10,000, another 速報 ¥9,999; the registered one stands" in why
    assert await ward.service.dead_letters() == []


async def test_two_payments_of_one_slip_in_one_batch_are_an_overpayment(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip), receipt("p2", slip, settler=Settler.BANK), receipt("p3", slip, amount=1))
    assert (await ward.balances())["overpayments"] == -10_001
    assert "¥20,001 received for a slip of ¥10,000" in (await ward.reasons("overpayment"))[slip.slip_number]
    await ward.send(receipt("p1", slip, X))
    assert (await ward.balances())["overpayments"] == -1
    assert accepted(await ward.service.queries.slip(slip.slip_number)).outstanding == 0


@pytest.mark.parametrize("number", [UNKNOWN_SLIP, "no slip at all", ""])
async def test_a_receipt_of_an_unknown_slip_is_booked_and_shown(number: str, home: Home) -> None:
    ward = await DrivenWard.started(home)
    await ward.send(receipt("p1", number))
    assert await ward.balances() == {"in_transit_jcb": 10_000, "unknown_receipts": -10_000}
    assert "不明入金" in (await ward.reasons("unknown_receipt"))["p1"]
    await ward.send(receipt("p1", number, X))
    assert await ward.balances() == {}
    assert await ward.service.queries.open_items() == []


async def test_an_amount_that_no_receipt_can_have_is_set_aside_alone_and_can_be_mended(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip, amount=0), receipt("p2", slip))
    (letter,) = await ward.service.dead_letters()
    assert "must be above 0 yen" in letter.reason
    assert (await ward.balances())["in_transit_jcb"] == 10_000
    accepted(await ward.service.replay(letter.id, {**letter.value, "amount": 5}))
    assert (await ward.balances())["in_transit_jcb"] == 10_005


async def test_what_was_registered_is_still_there_after_a_restart(home: Home) -> None:
    ward = await DrivenWard.started(home)
    await ward.send(receipt("p1", (await ward.assess())[0]))
    before = await ward.service.books()
    await ward.service.close()
    again = await DrivenWard.started(home)
    assert await again.service.books() == before


STORY: Sequence[tuple[str, int | None, ReceiptKind, int | None]] = (
    ("twice-a", 0, P, None),
    ("twice-a", 0, C, None),
    ("twice-b", 0, P, None),
    ("cancelled", 1, P, None),
    ("cancelled", 1, X, None),
    ("confirmed-and-cancelled", 0, P, None),
    ("confirmed-and-cancelled", 0, C, None),
    ("confirmed-and-cancelled", 0, X, None),
    ("unknown", None, P, None),
    ("contradicted", 2, P, 9_000),
    ("contradicted", 2, C, 10_000),
    ("partial", 3, C, 4_000),
    ("never-posted", 3, X, None),
)
"""Payment, which slip, kind, another amount than the slip's."""


@settings(max_examples=25)
@given(st.data())
def test_neither_order_nor_repetition_nor_batching_changes_the_books(data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(STORY))))
    repeated = data.draw(st.lists(st.sampled_from(range(len(STORY))), max_size=8))
    cuts = data.draw(st.lists(st.integers(0, len(STORY)), max_size=4))
    asyncio.run(_tell_in_order([*order, *repeated], sorted(cuts)))


async def _tell_in_order(order: Sequence[int], cuts: Sequence[int]) -> None:
    expected = await _told([[*range(len(STORY))]])
    bounds = [0, *cuts, len(order)]
    found = await _told([order[start:end] for start, end in pairwise(bounds)])
    assert found == expected


async def _told(batches: Sequence[Sequence[int]]) -> tuple[Any, ...]:
    ward = await DrivenWard.started()
    slips = await ward.assess()
    events: list[ReceiptDelivered] = [
        receipt(payment, UNKNOWN_SLIP if slip is None else slips[slip], kind, amount=amount)
        for payment, slip, kind, amount in STORY
    ]
    for batch in batches:
        await ward.send(*(events[n] for n in batch), again=str(len(batch)))
    assert await ward.service.dead_letters() == []
    books, balances = await ward.service.books(), await ward.balances()
    discrepancies = await ward.reasons("discrepancy")
    outstanding = [slip.outstanding for slip in await ward.service.queries.slips()]
    await ward.service.close()
    standing = 10_000 + 10_000 + 10_000 + 9_000 + 4_000
    assert balances["in_transit_jcb"] == standing
    assert balances["overpayments"] == -10_000
    assert balances["unknown_receipts"] == -10_000
    assert outstanding == [0, 10_000, 1_000, 6_000, *[10_000] * 5]
    return set(books.receipts), balances, discrepancies


# ---- HTTP ------------------------------------------------------------------------------------------------


async def test_the_ward_over_http(home: Home) -> None:
    ward = await DrivenWard.started(home)
    transport = httpx.ASGITransport(ward.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://ward") as http:
        issued = await http.post("/assessments/csv", content=CSV.encode("utf-8-sig"), headers=CSV_TYPE)
        assert (issued.status_code, issued.json()) == (201, {"slips_issued": 9, "amount_levied": 74_400})
        slips = (await http.get("/slips", params={"insured_number": PERSON, "open": "true", "limit": 2})).json()
        assert [slip["outstanding"] for slip in slips] == [8_800, 8_200]
        number = slips[0]["slip_number"]
        await ward.send(receipt("p1", number, amount=8_800))
        assert (await http.get(f"/slips/{number}")).json()["outstanding"] == 0
        assert (await http.get("/receipts/p1")).json()["records"][0]["kind"] == "01"
        assert (await http.get("/payments/p1/explanation")).json()["steps"][0]["event"].startswith("速報登録")
        assert [item["kind"] for item in (await http.get("/open-items")).json()] == ["receipt_not_deposited"]
        assert sum(account["balance"] for account in (await http.get("/balances")).json()) == 0
        assert (await http.get("/deposits")).json() == []
        slip = {"insured_number": PERSON, "amount": 5, "due_on": "2021-12-01"}
        assert (await http.post("/slips", json=slip)).json()["instalment"] == 50


async def test_what_is_wrong_is_told_over_http(home: Home) -> None:
    ward = await DrivenWard.started(home)
    transport = httpx.ASGITransport(ward.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://ward") as http:
        wrong = await http.post("/assessments/csv", content=CSV.encode() + b"x,2021,1\r\n", headers=CSV_TYPE)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "csv_invalid")
        assert "line 3: insured_number must be 10 digits" in wrong.json()["detail"]
        assert await ward.service.queries.slips() == []
        for path in ("/receipts/p1", "/payments/p1/explanation", "/slips/1"):
            assert (await http.get(path)).status_code == 404
        assert (await http.get("/slips", params={"limit": 0})).status_code == 422
        keyed = {"Idempotency-Key": "k", **CSV_TYPE}
        twice = [await http.post("/assessments/csv", content=CSV, headers=keyed) for _ in range(2)]
        assert twice[0].json() == twice[1].json() == {"slips_issued": 9, "amount_levied": 74_400}
        other = await http.post("/assessments/csv", content=CSV.replace("744", "745"), headers=keyed)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_a_payment_waits_for_its_confirmation_first(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip))
    story = (await ward.service.queries.explain(["p1", "never-heard-of"]))["p1"]
    assert [(step.event[:4], step.at) for step in story.steps] == [("速報登録", NOON)]
    assert story.waiting is not None
    assert story.waiting.waits_for.startswith("確報")
    assert "速報 only; 確報 has not come" in (await ward.reasons("receipt_not_deposited"))["p1"]
