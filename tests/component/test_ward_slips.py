"""甲's slips: charge types (科目), paper (納付書), reissue (再発行)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from contracts.charges import CHARGES
from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.http.ward.slips import Assessment, AssessmentsRequest, ReissueRequest, SlipRequest, SlipView
from contracts.vocabulary import ChargeType
from services.payment_provider.app import Settings as ProviderSettings
from services.ward.app import Settings, generate_levies
from tests.component.driven import accepted, refused
from tests.component.driven_ward import PERSON, DrivenWard, receipt
from tests.component.home import Home
from tests.slip_pictures import text_of

CARE, RESIDENT = ChargeType.CARE_INSURANCE, ChargeType.RESIDENT_TAX
VEHICLE, HEALTH = ChargeType.LIGHT_VEHICLE_TAX, ChargeType.HEALTH_INSURANCE
INSTALMENTS = {CARE: 9, RESIDENT: 4, VEHICLE: 1, HEALTH: 10}
CSV = (
    "insured_number,levy_year,annual_amount,charge_type\n"
    "{0},2021,74400,care_insurance\n"
    "{0},2021,96400,特別区民税・都民税\n"
)


def owed(charge_type: ChargeType, amount: int = 96_400, person: str = PERSON) -> Assessment:
    return Assessment(insured_number=person, levy_year=2021, annual_amount=amount, charge_type=charge_type)


async def of_every_charge_type(ward: DrivenWard) -> dict[ChargeType, list[SlipView]]:
    request = AssessmentsRequest(assessments=tuple(map(owed, ChargeType)))
    accepted(await ward.service.commands.assess(request))
    return {kind: [*await ward.service.queries.slips(PERSON, charge_type=kind)] for kind in ChargeType}


@asynccontextmanager
async def over_http(ward: DrivenWard) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(ward.http)
    async with httpx.AsyncClient(transport=transport, base_url="http://ward") as http:
        yield http


# ---- charge types


async def test_one_person_has_slips_of_every_charge_type(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = await of_every_charge_type(ward)
    assert {kind: len(of) for kind, of in slips.items()} == INSTALMENTS
    assert all(sum(slip.amount for slip in of) == 96_400 for of in slips.values())
    numbers = sorted(slip.slip_number for of in slips.values() for slip in of)
    assert len(set(numbers)) == len(numbers) == sum(INSTALMENTS.values())
    for kind, of in slips.items():
        code = barcode.decode(of[0].barcode or "")
        assert isinstance(code, Barcode)
        assert (code.issuer, of[0].charge_type) == (CHARGES[kind].issuer_code, kind)
    assert [slip.amount for slip in slips[RESIDENT]] == [24_400, 24_000, 24_000, 24_000]
    assert [slip.due_on for slip in slips[VEHICLE]] == [date(2021, 5, 31)]
    assert [slip.slip_number for slip in await ward.service.queries.slips(PERSON)] == numbers
    assert (await ward.balances())["premium_receivable"] == 4 * 96_400


async def test_each_charge_type_is_assessed_by_itself(home: Home) -> None:
    ward = await DrivenWard.started(home)
    await of_every_charge_type(ward)
    again = AssessmentsRequest(assessments=(owed(RESIDENT), owed(HEALTH, person="0000000124")))
    assert accepted(await ward.service.commands.assess(again)).slips_issued == 10
    refusal = refused(await ward.service.commands.assess(AssessmentsRequest(assessments=(owed(VEHICLE, 1),))))
    assert refusal.code == "assessment_exists"
    assert "軽自動車税, at ¥96,400" in refusal.detail


async def test_slips_outside_the_calendar_are_counted_per_charge_type(home: Home) -> None:
    ward = await DrivenWard.started(home)
    instalments = []
    for charge_type in (CARE, RESIDENT, RESIDENT):
        request = SlipRequest(insured_number=PERSON, amount=5, due_on=date(2021, 9, 30), charge_type=charge_type)
        instalments.append(accepted(await ward.service.commands.issue_slip(request)).instalment)
    assert instalments == [50, 50, 51]


async def test_a_csv_file_may_name_charge_types_and_one_without_is_of_care_insurance(home: Home) -> None:
    ward = await DrivenWard.started(home)
    answer = accepted(await ward.service.commands.assess_csv(CSV.format(PERSON).encode("cp932")))
    assert (answer.slips_issued, answer.amount_levied) == (13, 74_400 + 96_400)
    old = b"insured_number,levy_year,annual_amount\n0000000124,2021,74400\n"
    assert accepted(await ward.service.commands.assess_csv(old)).slips_issued == 9
    assert {slip.charge_type for slip in await ward.service.queries.slips("0000000124")} == {CARE}


@pytest.mark.parametrize("charge_type", ChargeType)
async def test_a_generated_year_of_any_charge_type_is_issued_whole(charge_type: ChargeType, home: Home) -> None:
    ward = await DrivenWard.started(home)
    people = generate_levies(3, 40, 2021, charge_type)
    assert people == generate_levies(3, 80, 2021, charge_type)[:40]
    answer = accepted(await ward.service.commands.assess(AssessmentsRequest(assessments=tuple(people))))
    assert answer.amount_levied == sum(p.annual_amount for p in people)
    assert {slip.charge_type for slip in await ward.service.queries.slips()} == {charge_type}


def test_the_provider_has_every_charge_type_under_contract() -> None:
    assert set(Settings(seed=1).issuer_codes.values()) <= set(ProviderSettings(seed=1).issuers)


def test_a_setting_of_one_charge_type_leaves_the_others_as_they_are() -> None:
    given: dict[str, Any] = {"seed": 1, "instalment_months": {"resident_tax": [6, 9, 12, 3]}}
    settings = Settings.model_validate(given)
    assert settings.instalment_months == {**Settings(seed=1).instalment_months, RESIDENT: (6, 9, 12, 3)}


@pytest.mark.parametrize(
    ("setting", "wrong", "said"),
    [
        ("charge_digits", {"resident_tax": "1"}, "charge_digits must differ between charge types"),
        ("issuer_codes", {"resident_tax": "912345"}, "issuer_codes must differ between charge types"),
        ("issuer_codes", {"resident_tax": "12345"}, "should match pattern"),
        ("instalment_months", {"resident_tax": [10, 8]}, "must ascend from April"),
        ("instalment_months", {"resident_tax": [1, 6]}, "must ascend from April"),
        ("instalment_months", {"resident_tax": []}, "must ascend from April"),
        ("instalment_months", {"resident_tax": [13]}, "less than or equal to 12"),
        ("instalment_units", {"resident_tax": 0}, "greater than 0"),
        ("arrears_rules", {"resident_tax": ""}, "should match pattern"),
        ("charge_digits", {"parking": "9"}, "Input should be 'care_insurance'"),
        ("special_instalments_from", 10, "must be above the 10 instalments of health_insurance"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(setting: str, wrong: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate({"seed": 1, setting: wrong})


# ---- 再発行


async def test_a_reissued_slip_is_the_same_debt_on_new_paper(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    balances = await ward.balances()
    request = ReissueRequest(slip_number=slip.slip_number)
    reissued = accepted(await ward.service.commands.reissue_slip(request, key="k"))
    assert await ward.service.commands.reissue_slip(request, key="k") == reissued
    assert accepted(await ward.service.queries.slip(slip.slip_number)) == reissued
    assert reissued == slip.model_copy(
        update={"reissue": 1, "barcode": reissued.barcode, "human_readable": reissued.human_readable}
    )
    code = barcode.decode(reissued.barcode or "")
    assert isinstance(code, Barcode)
    assert (code.free_area, code.reissue, code.amount) == (slip.slip_number, 1, slip.amount)
    assert await ward.balances() == balances


async def test_a_reissue_asks_for_what_is_left_and_a_paid_slip_needs_none(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip, amount=4_000))
    reissued = accepted(await ward.service.commands.reissue_slip(ReissueRequest(slip_number=slip.slip_number)))
    code = barcode.decode(reissued.barcode or "")
    assert isinstance(code, Barcode)
    assert (code.amount, reissued.amount, reissued.outstanding) == (6_000, 10_000, 6_000)
    await ward.send(receipt("p2", slip, amount=6_000))
    refusal = refused(await ward.service.commands.reissue_slip(ReissueRequest(slip_number=slip.slip_number)))
    assert refusal.code == "slip_already_paid"


async def test_reissues_at_the_same_moment_are_counted_one_by_one_up_to_nine(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    request = ReissueRequest(slip_number=slip.slip_number)
    answers = await asyncio.gather(*(ward.service.commands.reissue_slip(request) for _ in range(11)))
    views = [answer for answer in answers if isinstance(answer, SlipView)]
    assert sorted(view.reissue for view in views) == [*range(1, 10)]
    assert len({view.barcode for view in views}) == 9
    assert {refused(answer).code for answer in answers if not isinstance(answer, SlipView)} == {"reissues_exhausted"}


async def test_a_payment_of_either_barcode_pays_the_slip(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slip = (await ward.assess())[0]
    await ward.send(receipt("p1", slip))
    assert accepted(await ward.service.queries.slip(slip.slip_number)).outstanding == 0
    assert accepted(await ward.service.queries.receipt("p1")).slip_number == slip.slip_number


# ---- paper


async def test_slips_are_printed_over_http_in_the_order_asked_for(home: Home) -> None:
    ward = await DrivenWard.started(home)
    slips = await of_every_charge_type(ward)
    first, second = slips[RESIDENT][1], slips[VEHICLE][0]
    async with over_http(ward) as http:
        one = await http.get(f"/slips/{first.slip_number}/pdf")
        assert (one.status_code, one.headers["content-type"]) == (200, "application/pdf")
        assert (await http.get(f"/slips/{first.slip_number}/pdf")).content == one.content
        (page,) = text_of(one.content)
        assert "特別区民税・都民税" in page
        assert "税務課" in page
        both = await http.get("/slips/pdf", params={"slip_number": [second.slip_number, first.slip_number]})
        (page,) = text_of(both.content)
        assert page.index("軽自動車税") < page.index("特別区民税・都民税")
        assert "全期" in page
        for path in ("/slips/1/pdf", "/slips/pdf?slip_number=1"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "slip_unknown")
        assert (await http.get("/slips/pdf")).status_code == 422


async def test_a_reissued_slip_is_printed_anew(home: Home) -> None:
    ward = await DrivenWard.started(home, payee="練馬区会計管理者")
    slip = (await ward.assess())[0]
    before = await ward.service.queries.print_slips([slip.slip_number])
    async with over_http(ward) as http:
        reissued = await http.post(f"/slips/{slip.slip_number}/reissue", headers={"Idempotency-Key": "k"})
        assert (reissued.status_code, reissued.json()["reissue"]) == (201, 1)
        assert (await http.post("/slips/1/reissue")).json()["code"] == "slip_unknown"
    after = await ward.service.queries.print_slips([slip.slip_number])
    assert isinstance(before, bytes)
    assert isinstance(after, bytes)
    assert before != after
    (page,) = text_of(after)
    assert "再発行1回目" in page
    assert "練馬区会計管理者" in page
    assert "令和3年7月12日" in page
