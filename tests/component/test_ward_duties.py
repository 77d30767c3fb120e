"""The ward's register of duties: what contractors tell it, and what it asks of them."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from contracts import events as e
from contracts.duties.duty import RecordKind
from contracts.http.duties import TrainingRequest
from contracts.http.ward.duties import (
    ClaimRequest,
    ErasureVerdict,
    GivenFinding,
    GuidanceRequest,
    InspectionRequest,
    PublicationRequest,
    StatusInquiry,
)
from contracts.parties import WARD, Contractor
from contracts.vocabulary import HandlerRole, IncidentKind, Yen
from services.chassis.duties.register import Registered, Wanted
from services.ward.duties import DutyCommands
from tests.component.driven import accepted, refused
from tests.component.driven_ward import NOON, DrivenWard
from tests.component.home import Home
from tests.duty_letters import RESPONSIBLE, certificate

UC, JCB = Contractor.CARD_AGENT_UC, Contractor.CARD_AGENT_JCB
INCIDENT = e.IncidentNotified(
    contractor=UC,
    incident_id="i1",
    incident_kind=IncidentKind.LEAK,
    noticed_at=NOON,
    notified_at=NOON,
    what="誤送付",
    persons=3,
    report_due_on=date(2021, 7, 26),
)


TOLD = (
    e.HandlersNamed(
        contractor=UC,
        register_id="h1",
        fiscal_year=2021,
        named_at=NOON,
        handlers=(e.Handler("佐藤 恵子", HandlerRole.RESPONSIBLE, "総括"),),
    ),
    e.TrainingHeld(contractor=UC, training_id="t1", fiscal_year=2021, held_at=NOON, taught="条例", attendees=9),
    INCIDENT,
    e.IncidentReported(contractor=UC, incident_id="i1", reported_at=NOON, report=(e.Paragraph("原因", "取違え"),)),
    e.StatusReported(contractor=UC, request_id="q1", reported_at=NOON, figures=(e.Figure("支払", 3),)),
    e.ImprovementReported(contractor=UC, guidance_id="g1", reported_at=NOON, report=(e.Paragraph("改善", "済"),)),
    certificate(),
    e.DamageMadeGood(contractor=UC, claim_id="c1", amount=Yen(1_000), paid_at=NOON),
    e.TerminalUserLocked(
        contractor=Contractor.PAYMENT_PROVIDER, lockout_id="l1", user="suzuki", locked_at=NOON, until=NOON, failures=5
    ),
    e.AccessLogCheckpointed(
        contractor=UC, party=UC, on=date(2021, 7, 12), number=3, mark="00", public_key="", signature=""
    ),
)


@pytest.fixture
async def ward(home: Home) -> DrivenWard:
    return await DrivenWard.started(home)


def commands(ward: DrivenWard) -> DutyCommands:
    return ward.service.duties.commands


async def registered(ward: DrivenWard, kind: RecordKind | None = None) -> list[Registered]:
    return [*await ward.service.duty_records(Wanted(kind))]


@pytest.mark.parametrize("order", [1, -1])
async def test_what_contractors_send_twice_and_in_any_order_is_registered_once(ward: DrivenWard, order: int) -> None:
    await ward.send(*TOLD[::order])
    once = await registered(ward)
    assert len({entry.key for entry in once}) == len(TOLD)
    await ward.send(*TOLD, again="another id")
    await ward.send(*TOLD, *TOLD, again="a third")
    assert await registered(ward) == once
    assert await ward.service.dead_letters() == []


async def test_a_status_is_requested_with_a_day_for_its_report(ward: DrivenWard) -> None:
    asked = accepted(await commands(ward).request_status(StatusInquiry(contractor=UC, about="取扱い")))
    assert asked.due_on == date(2021, 7, 26)
    await ward.settle()
    (request,) = await ward.published(e.StatusRequested)
    assert (request.contractor, request.request_id) == (UC, asked.record_id)


async def test_a_finding_of_an_inspection_gives_cause_for_guidance(ward: DrivenWard) -> None:
    findings = (GivenFinding(duty="D-18", found="研修の記録がない"),)
    held = InspectionRequest(contractor=UC, inspected_by="介護保険課", checks=40, findings=findings)
    inspection = accepted(await commands(ward).hold_inspection(held))
    finding_id = inspection.content["findings"][0][0]
    order = GuidanceRequest(contractor=UC, cause_id=finding_id, duty="D-18", what="研修を行うこと")
    guidance = accepted(await commands(ward).give_guidance(order))
    assert (guidance.due_on, guidance.answers) == (date(2021, 8, 11), finding_id)
    assert refused(await commands(ward).give_guidance(order)).code == "guidance_given"
    for wrong in ({"contractor": JCB}, {"cause_id": "none"}):
        assert refused(await commands(ward).give_guidance(order.model_copy(update=wrong))).code == "duty_record_unknown"
    published = PublicationRequest(guidance_id=guidance.record_id, text="違反の事実")
    accepted(await commands(ward).publish_breach(published))
    assert refused(await commands(ward).publish_breach(published)).code == "duty_answered"
    unknown = PublicationRequest(guidance_id="none", text="違反の事実")
    assert refused(await commands(ward).publish_breach(unknown)).code == "duty_record_unknown"
    await ward.settle()
    assert [event.guidance_id for event in await ward.published(e.BreachPublished)] == [guidance.record_id]


async def test_a_duty_of_somebody_else_is_no_finding_and_no_guidance(ward: DrivenWard) -> None:
    findings = (GivenFinding(duty="D-16", found="立入調査がない"),)
    held = InspectionRequest(contractor=UC, inspected_by="介護保険課", checks=40, findings=findings)
    assert refused(await commands(ward).hold_inspection(held)).code == "duty_of_another"
    await ward.send(INCIDENT)
    order = GuidanceRequest(contractor=UC, cause_id="i1", duty="D-16", what="立入調査を行うこと")
    assert refused(await commands(ward).give_guidance(order)).code == "duty_of_another"


async def test_damages_of_an_incident_are_claimed_once(ward: DrivenWard) -> None:
    claim = ClaimRequest(contractor=UC, incident_id="i1", amount=50_000)
    assert refused(await commands(ward).claim_damages(claim)).code == "duty_record_unknown"
    await ward.send(INCIDENT)
    other = claim.model_copy(update={"contractor": JCB})
    assert refused(await commands(ward).claim_damages(other)).code == "duty_record_unknown"
    claimed = accepted(await commands(ward).claim_damages(claim))
    assert (claimed.due_on, claimed.content["amount"]) == (date(2021, 8, 11), 50_000)
    assert refused(await commands(ward).claim_damages(claim)).code == "damages_claimed"


NAMED = msgspec.structs.replace(
    TOLD[0], named_at=certificate().erased_at, handlers=(e.Handler(RESPONSIBLE, HandlerRole.RESPONSIBLE, "総括"),)
)


async def test_a_certificate_is_accepted_only_with_its_right_signature(ward: DrivenWard) -> None:
    await ward.send(NAMED, certificate(), certificate("e1/2", signed=False))
    right = ErasureVerdict(certificate_id="e1/1", accepted=True)
    assert accepted(await commands(ward).check_erasure(right)).holds
    assert refused(await commands(ward).check_erasure(right)).code == "duty_answered"
    forged = ErasureVerdict(certificate_id="e1/2", accepted=True)
    assert refused(await commands(ward).check_erasure(forged)).code == "signature_wrong"
    rejected = ErasureVerdict(certificate_id="e1/2", accepted=False, why="署名が合わない")
    assert not accepted(await commands(ward).check_erasure(rejected)).holds
    unknown = ErasureVerdict(certificate_id="e1/3", accepted=True)
    assert refused(await commands(ward).check_erasure(unknown)).code == "duty_record_unknown"


async def test_a_certificate_of_somebody_else_than_the_registered_responsible_person_is_wrong(ward: DrivenWard) -> None:
    await ward.send(certificate())
    verdict = ErasureVerdict(certificate_id="e1/1", accepted=True)
    answer = refused(await commands(ward).check_erasure(verdict))
    assert (answer.code, "取扱責任者の届出がない" in answer.detail) == ("certificate_wrong", True)
    other = (e.Handler("別の 人", HandlerRole.RESPONSIBLE, "総括"),)
    await ward.send(msgspec.structs.replace(NAMED, register_id="h9", handlers=other))
    answer = refused(await commands(ward).check_erasure(verdict))
    assert "届出のある取扱責任者（別の 人）の証明でない" in answer.detail


async def test_simulated_staff_check_a_certificate_on_the_next_business_day(home: Home) -> None:
    ward = await DrivenWard.started(home, duties="kept")
    await ward.send(NAMED, certificate(), certificate("e1/2", signed=False))
    await ward.advance("2021-07-13T09:59:59+09:00")
    assert await ward.published(e.ErasureChecked) == []
    await ward.advance("2021-07-13T10:00:00+09:00")
    checked = await ward.published(e.ErasureChecked)
    assert [(check.certificate_id, check.accepted) for check in checked] == [("e1/1", True), ("e1/2", False)]
    assert checked[1].why


async def test_the_wards_own_training_is_registered_and_sent_to_nobody(ward: DrivenWard) -> None:
    held = accepted(await commands(ward).train_staff(TrainingRequest(taught="条例", attendees=20)))
    assert (held.contractor, held.party) == (WARD, WARD)
    await ward.settle()
    assert [entry.view for entry in await registered(ward)] == [held]
    assert await ward.published(e.TrainingHeld) == []
