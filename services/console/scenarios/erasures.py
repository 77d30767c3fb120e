"""消去: what is no longer needed is erased on its set date and certified, or it is forgotten and found by the ward."""

from __future__ import annotations

from datetime import date, timedelta

from contracts.duties.assessing import Status
from contracts.duties.duty import RecordKind
from contracts.http.duties import DutyRecordView, ErasureRequest, GivenParagraph, ImprovementRequest
from contracts.http.ward.duties import GivenFinding, GuidanceRequest, InspectionRequest
from contracts.parties import Contractor
from contracts.vocabulary import Method, Refusal
from services.chassis.duties.register import Wanted
from services.console.scenarios.world import World, granted, only

PROVIDER = Contractor.PAYMENT_PROVIDER
SET_DATE = date(2022, 6, 30)
"""消去の期日 of the data of the fiscal year that ends in March 2022."""


async def erased_on_its_day(world: World) -> None:
    """消去: three months after the fiscal year the provider erases what leads from a payment to a person, and certifies
    it. The ward checks the certificate, and the books still agree to the yen."""
    world.follows(PROVIDER)
    payment = await _paid_in_march(world)
    await world.until(SET_DATE - timedelta(days=1))
    world.claim("D-11: owed by the set date", await world.duty("D-11", PROVIDER), Status.DUE)
    world.claim("the payment is still known", await world.status(payment), "confirmed")
    await world.until(SET_DATE)
    world.claim("D-11: erased on the day", await world.duty("D-11", PROVIDER), Status.FULFILLED)
    await _claim_erased(world, payment)
    await world.until(SET_DATE + timedelta(days=1))
    await _claim_checked(world)


async def erasure_forgotten(world: World) -> None:
    """忘れられた消去: the provider forgets the set date. The ward finds it on site and orders improvement; the provider
    erases by hand, certifies and reports. That it was late stays on record."""
    world.follows(PROVIDER)
    payment = await _paid_in_march(world)
    await world.until(SET_DATE + timedelta(days=1), 9)
    world.claim("D-11: missed from the next day on", await world.duty("D-11", PROVIDER), Status.MISSED)
    world.claim("the payment is still known", await world.status(payment), "confirmed")

    await world.some_days(date(2022, 7, 15))
    guidance = await _found_and_guided(world)
    await world.some_days(world.today + timedelta(days=14))
    done = granted(await world.sandbox.provider.erase(ErasureRequest()))
    await world.sandbox.settle()
    world.tell("消去 erased by hand", f"payments: {only(done.erasures, 'erasures').kinds['支払']}")
    await _claim_erased(world, payment)
    report = (GivenParagraph(heading="改善の内容", text="消去を行い、期日を管理表に加えた。"),)
    improved = ImprovementRequest(guidance_id=guidance.record_id, report=report)
    granted(await world.sandbox.provider.duties.commands.report_improvement(improved))
    await world.until(world.today + timedelta(days=7))
    await _claim_checked(world)
    world.claim("D-20: improved in time", await world.duty("D-20", PROVIDER), Status.FULFILLED)
    world.claim("D-11: that it was late stays on record", await world.duty("D-11", PROVIDER), Status.MISSED)


async def _paid_in_march(world: World) -> str:
    """Paid in the last month of the fiscal year, by a means that the seed chooses."""
    slip = await world.slip(due=date(2022, 3, 31))
    method = world.one_of((Method.CARD, Method.INTERNET_BANKING, Method.CONVENIENCE_STORE))
    return await world.pays(slip, method, world.any_card() if method is Method.CARD else None)


async def _claim_erased(world: World, payment: str) -> None:
    answer = await world.sandbox.provider.queries.payment(payment)
    code = answer.code if isinstance(answer, Refusal) else answer.status
    world.claim("the payment leads to nobody any more", code, "payment_erased")
    await world.claim_conserved()


async def _claim_checked(world: World) -> None:
    """消去の確認: the ward has accepted the provider's certificate."""
    checked = await world.sandbox.ward.duty_records(Wanted(RecordKind.ERASURE_CHECKED, PROVIDER))
    world.claim("the ward accepts the certificate", only(checked, "checks").record.holds)


async def _found_and_guided(world: World) -> DutyRecordView:
    """立入調査・改善の指導"""
    ward = world.sandbox.ward.duties.commands
    findings = (GivenFinding(duty="D-11", found="期日までに消去されていない"),)
    visit = InspectionRequest(contractor=PROVIDER, inspected_by="介護保険課", checks=33, findings=findings)
    held = granted(await ward.hold_inspection(visit))
    await world.sandbox.settle()
    (finding,) = held.findings
    order = GuidanceRequest(
        contractor=PROVIDER, cause_id=finding[0], duty="D-11", what="直ちに消去し、証明書を提出すること"
    )
    guidance = granted(await ward.give_guidance(order))
    await world.sandbox.settle()
    return guidance
