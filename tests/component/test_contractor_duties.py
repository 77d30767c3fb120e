"""A contractor's register of duties: what its staff enter goes to the ward, what the ward asks is answered once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from contracts import events as e
from contracts.duties.duty import RecordKind
from contracts.http.duties import (
    DamagesPayment,
    DutyRecordView,
    GivenHandler,
    GivenParagraph,
    HandlersRequest,
    ImprovementRequest,
    IncidentReportRequest,
    IncidentRequest,
    StatusReportRequest,
    TrainingRequest,
)
from contracts.parties import Contractor
from contracts.vocabulary import HandlerRole, IncidentKind, Refusal, Yen
from services.chassis.duties.register import Registered, Wanted
from tests.component.driven import accepted, refused
from tests.component.driven_agent import NOON, DrivenAgent
from tests.component.home import Home

UC = Contractor.CARD_AGENT_UC
REPORT = (GivenParagraph(heading="原因", text="封筒の取違え"), GivenParagraph(heading="措置", text="回収した"))
STATUS = e.StatusRequested(contractor=UC, request_id="q1", requested_at=NOON, due_on=date(2021, 4, 26), about="取扱い")
GUIDANCE = e.GuidanceGiven(
    contractor=UC,
    guidance_id="g1",
    cause_id="f1",
    duty="D-18",
    given_at=NOON,
    what="研修を行うこと",
    improve_by=date(2021, 5, 12),
)
CLAIM = e.DamagesClaimed(
    contractor=UC, claim_id="c1", incident_id="i1", amount=Yen(50_000), claimed_at=NOON, due_on=date(2021, 5, 12)
)
INSPECTION = e.InspectionHeld(
    contractor=UC,
    inspection_id="s1",
    fiscal_year=2021,
    held_at=NOON,
    inspected_by="介護保険課",
    checks=40,
    findings=(e.Finding("f1", "D-18", "研修の記録がない"),),
)
PUBLICATION = e.BreachPublished(contractor=UC, guidance_id="g1", published_at=NOON, text="違反の事実")
OF_THE_WARD = (STATUS, INSPECTION, GUIDANCE, PUBLICATION, CLAIM)


@pytest.fixture
async def agent(home: Home) -> DrivenAgent:
    return await DrivenAgent.started(home)


async def registered(agent: DrivenAgent, kind: RecordKind | None = None) -> list[Registered]:
    return [*await agent.service.duty_records(Wanted(kind))]


def handler(name: str, role: HandlerRole = HandlerRole.HANDLER) -> GivenHandler:
    return GivenHandler(name=name, role=role, task="精算")


async def incident(agent: DrivenAgent) -> DutyRecordView:
    told = IncidentRequest(incident_kind=IncidentKind.LOSS, noticed_at=NOON, what="明細の紛失", persons=12)
    return accepted(await agent.service.duties.commands.notify_incident(told))


async def test_the_handlers_are_named_with_one_responsible_person(agent: DrivenAgent) -> None:
    commands = agent.service.duties.commands
    people = (handler("佐藤 恵子", HandlerRole.RESPONSIBLE), handler("鈴木 直樹"))
    view = accepted(await commands.name_handlers(HandlersRequest(handlers=people)))
    assert (view.kind, view.contractor, view.at) == (RecordKind.HANDLERS_NAMED, UC, NOON)
    await agent.settle()
    (named,) = await agent.published(e.HandlersNamed)
    assert [(h.name, h.role) for h in named.handlers] == [("佐藤 恵子", "responsible"), ("鈴木 直樹", "handler")]
    for wrong in (people[1:], (people[0], people[0])):
        no = refused(await commands.name_handlers(HandlersRequest(handlers=wrong)))
        assert no.code == "one_responsible_person"
    assert len(await registered(agent)) == 1


async def test_a_later_register_of_handlers_replaces_the_responsible_person(agent: DrivenAgent) -> None:
    for name in ("佐藤 恵子", "鈴木 直樹"):
        request = HandlersRequest(handlers=(handler(name, HandlerRole.RESPONSIBLE),))
        accepted(await agent.service.duties.commands.name_handlers(request))
        await agent.advance(agent.clock.now() + timedelta(days=30))
    async with agent.service.reading() as session:
        responsible = agent.service.register.responsible
        assert await responsible(session, UC, agent.clock.now()) == "鈴木 直樹"
        assert await responsible(session, UC, NOON) == "佐藤 恵子"
        assert await responsible(session, UC, NOON - timedelta(seconds=1)) == ""
    assert len(await agent.published(e.HandlersNamed)) == 2


async def test_a_training_is_told_to_the_ward(agent: DrivenAgent) -> None:
    request = TrainingRequest(taught="条例と特記事項", attendees=9)
    accepted(await agent.service.duties.commands.hold_training(request))
    await agent.settle()
    (held,) = await agent.published(e.TrainingHeld)
    assert (held.fiscal_year, held.taught, held.attendees) == (2021, "条例と特記事項", 9)


async def test_an_incident_is_notified_and_reported_in_writing_once(agent: DrivenAgent) -> None:
    told, commands = await incident(agent), agent.service.duties.commands
    assert (told.due_on, told.caused_at) == (date(2021, 4, 26), NOON)
    report = IncidentReportRequest(incident_id=told.record_id, report=REPORT)
    written = accepted(await commands.report_incident(report))
    assert (written.kind, written.answers) == (RecordKind.INCIDENT_REPORTED, told.record_id)
    assert refused(await commands.report_incident(report)).code == "duty_answered"
    unknown = report.model_copy(update={"incident_id": "none"})
    assert refused(await commands.report_incident(unknown)).code == "duty_record_unknown"
    await agent.settle()
    (reported,) = await agent.published(e.IncidentReported)
    assert [(p.heading, p.text) for p in reported.report] == [("原因", "封筒の取違え"), ("措置", "回収した")]


async def test_an_incident_cannot_be_noticed_in_the_future(agent: DrivenAgent) -> None:
    later = IncidentRequest(incident_kind=IncidentKind.LEAK, noticed_at=NOON + timedelta(seconds=1), what="漏えい")
    assert refused(await agent.service.duties.commands.notify_incident(later)).code == "noticed_in_future"


async def test_a_status_report_counts_the_agents_own_rows_and_records(agent: DrivenAgent) -> None:
    await agent.token()
    await incident(agent)
    await agent.send(STATUS)
    commands = agent.service.duties.commands
    accepted(await commands.report_status(StatusReportRequest(request_id="q1")))
    await agent.settle()
    (reported,) = await agent.published(e.StatusReported)
    assert {figure.name: figure.count for figure in reported.figures} == {
        "カードのトークン": 1,
        "会員の利用枠": 1,
        "与信・代理納付": 0,
        "記録した閲覧": 0,
        "拒否したログイン": 0,
        "通知した事故": 1,
        "証明した消去": 0,
    }
    assert refused(await commands.report_status(StatusReportRequest(request_id="q1"))).code == "duty_answered"
    assert refused(await commands.report_status(StatusReportRequest(request_id="q2"))).code == "duty_record_unknown"


async def test_guidance_is_answered_and_damages_are_paid_in_full(agent: DrivenAgent) -> None:
    await agent.send(GUIDANCE, CLAIM)
    commands = agent.service.duties.commands
    accepted(await commands.report_improvement(ImprovementRequest(guidance_id="g1", report=REPORT)))
    paid = accepted(await commands.pay_damages(DamagesPayment(claim_id="c1")))
    assert paid.answers == "c1"
    await agent.settle()
    (made_good,) = await agent.published(e.DamageMadeGood)
    assert (made_good.amount, made_good.paid_at) == (50_000, NOON)
    again: list[DutyRecordView | Refusal] = [
        await commands.report_improvement(ImprovementRequest(guidance_id="g1", report=REPORT)),
        await commands.pay_damages(DamagesPayment(claim_id="c1")),
    ]
    assert [refused(answer).code for answer in again] == ["duty_answered"] * 2


@pytest.mark.parametrize("order", [1, -1])
async def test_what_the_ward_sends_twice_and_in_any_order_is_registered_once(agent: DrivenAgent, order: int) -> None:
    await agent.send(*OF_THE_WARD[::order])
    once = await registered(agent)
    assert len(once) == len(OF_THE_WARD)
    await agent.send(*OF_THE_WARD, again="another id")
    await agent.send(*OF_THE_WARD, *OF_THE_WARD, again="a third")
    assert await registered(agent) == once
    assert await agent.service.dead_letters() == []


async def test_a_record_is_the_message_as_it_was_on_the_bus(agent: DrivenAgent) -> None:
    await agent.send(GUIDANCE)
    ((record, content),) = await registered(agent, RecordKind.GUIDANCE_GIVEN)
    assert (record.due_on, record.answers, record.path) == (date(2021, 5, 12), "f1", "guidance_given/g1")
    assert content["what"] == "研修を行うこと"


async def test_the_registers_outlive_the_process(agent: DrivenAgent) -> None:
    await agent.send(STATUS)
    told = await incident(agent)
    await agent.crash()
    assert {r.record.record_id for r in await registered(agent)} == {"q1", told.record_id}


async def test_left_duties_move_no_clock(agent: DrivenAgent) -> None:
    await agent.send(STATUS)
    assert agent.service.relay.next_due is None
