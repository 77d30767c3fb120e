"""The contract's protection duties (特記事項): an incident, a forgotten duty, an inspection, guidance, publication."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from contracts.duties.assessing import Status
from contracts.http.duties import (
    DutyRecordView,
    GivenHandler,
    GivenParagraph,
    HandlersRequest,
    ImprovementRequest,
    IncidentRequest,
    TrainingRequest,
)
from contracts.http.ward.duties import (
    ClaimRequest,
    GivenFinding,
    GuidanceRequest,
    InspectionRequest,
    PublicationRequest,
    StatusInquiry,
)
from contracts.parties import Contractor
from contracts.vocabulary import Agent, HandlerRole, IncidentKind
from services.console.scenarios.world import World, granted

UC, PROVIDER = Contractor.CARD_AGENT_UC, Contractor.PAYMENT_PROVIDER
INCIDENTS = (
    (IncidentKind.LEAK, "精算明細を別の加盟店に送付した"),
    (IncidentKind.LOSS, "精算明細の控えが見当たらない"),
    (IncidentKind.THREAT, "施錠されていない保管庫に精算明細があった"),
)
INSPECTION = date(2022, 2, 1)
CHECKED = 33
"""Duties that an inspection of a contractor goes through."""


async def incident_reported_and_made_good(world: World) -> None:
    """事故の通知・報告・賠償: personal data go astray at UC, which tells the ward within the hour. The written report
    and the damages that the ward claims follow before their due dates."""
    world.follows(UC)
    told = await _incident(world, noticed_at=_minutes_ago(world, 50))
    world.claim("D-19: notified at once, the written report is owed", await world.duty("D-19", UC), Status.DUE)
    world.claim("D-21: nothing is claimed yet", await world.duty("D-21", UC), Status.NO_CASE)

    await world.some_days(world.today + timedelta(days=5))
    amount = world.yen(100, 5_000)
    claim = ClaimRequest(contractor=UC, incident_id=told.record_id, amount=amount)
    claimed = granted(await world.sandbox.ward.duties.commands.claim_damages(claim))
    await world.sandbox.settle()
    world.claim("D-21: damages are owed", await world.duty("D-21", UC), Status.DUE)

    assert told.due_on is not None
    assert claimed.due_on is not None
    await world.until(told.due_on)
    world.claim("D-19: reported in writing by its due date", await world.duty("D-19", UC), Status.FULFILLED)
    await world.until(claimed.due_on)
    world.claim("D-21: paid by its due date", await world.duty("D-21", UC), Status.FULFILLED)


async def incident_told_late(world: World) -> None:
    """遅れた事故の通知: UC tells the ward of an incident two days after it noticed it. A report in time does not mend
    that."""
    world.follows(UC)
    told = await _incident(world, noticed_at=_minutes_ago(world, 2 * 24 * 60))
    world.claim("D-19: at once means within 24 hours", await world.duty("D-19", UC), Status.MISSED)
    assert told.due_on is not None
    await world.until(told.due_on)
    world.claim("the report came; D-19 stays missed", await world.duty("D-19", UC), Status.MISSED)


async def handlers_named_late(world: World) -> None:
    """遅れた取扱責任者等の報告: the provider begins without naming who handles the data, and names them weeks later.
    The yearly inspection finds it, and the provider improves on guidance."""
    world.follows(PROVIDER)
    world.claim("D-13: owed on the first day", await world.duty("D-13", PROVIDER), Status.DUE)
    await world.until(world.today + timedelta(days=1), 9)
    world.claim("D-13: missed from the second day on", await world.duty("D-13", PROVIDER), Status.MISSED)

    await world.some_days(date(2021, 6, 30))
    people = (
        _person("佐藤 恵子", HandlerRole.RESPONSIBLE, "総括"),
        _person("鈴木 直樹", HandlerRole.HANDLER, "収納データ"),
    )
    granted(await world.sandbox.provider.duties.commands.name_handlers(HandlersRequest(handlers=people)))
    await world.sandbox.settle()
    world.claim("D-13: named, and late", await world.duty("D-13", PROVIDER), Status.MISSED)

    guidance = await _inspected_and_guided(world, PROVIDER, "D-13", "着手前に取扱責任者が定められていなかった")
    await _improves(world, guidance)
    world.claim("D-20: improved in time", await world.duty("D-20", PROVIDER), Status.FULFILLED)
    world.claim("D-13: that it was late stays on record", await world.duty("D-13", PROVIDER), Status.MISSED)


async def training_forgotten(world: World) -> None:
    """忘れられた研修: the provider's staff forget the year's training. The inspection in February finds it; after
    guidance the training is held before the fiscal year ends."""
    world.follows(PROVIDER)
    await world.until(INSPECTION - timedelta(days=1))
    world.claim("D-18: still owed in the fiscal year", await world.duty("D-18", PROVIDER), Status.DUE)
    world.claim("D-17: no inspection yet", await world.duty("D-17", PROVIDER), Status.NO_CASE)

    guidance = await _inspected_and_guided(world, PROVIDER, "D-18", "今年度の研修の実施記録がない")
    world.claim("D-18: found not kept", await world.duty("D-18", PROVIDER), Status.MISSED)
    world.claim("D-17: the provider submitted to it", await world.duty("D-17", PROVIDER), Status.FULFILLED)
    world.claim("D-20: an improvement is owed", await world.duty("D-20", PROVIDER), Status.DUE)

    await world.some_days(date(2022, 2, 25))
    training = TrainingRequest(taught="個人情報保護条例と特記事項", attendees=world.yen(10, 40) // 100)
    granted(await world.sandbox.provider.duties.commands.hold_training(training))
    await _improves(world, guidance)
    world.claim("D-18: held in the fiscal year, and improved", await world.duty("D-18", PROVIDER), Status.FULFILLED)
    world.claim("D-20: improved in time", await world.duty("D-20", PROVIDER), Status.FULFILLED)


async def breach_published(world: World) -> None:
    """違反の公表: an inspection finds data of the ward outside the place that it named (持ち出し). UC does nothing
    about the guidance, and the ward publishes the breach."""
    world.follows(UC)
    await world.until(INSPECTION - timedelta(days=1))
    guidance = await _inspected_and_guided(world, UC, "D-6", "区が指定した場所の外に明細の控えがあった")
    assert guidance.due_on is not None
    world.claim("D-6: found not kept", await world.duty("D-6", UC), Status.MISSED)
    await world.until(guidance.due_on)
    world.claim("D-20: owed to the end of its last day", await world.duty("D-20", UC), Status.DUE)
    await world.until(guidance.due_on + timedelta(days=1), 10)
    world.claim("D-20: no improvement was reported", await world.duty("D-20", UC), Status.MISSED)

    text = PublicationRequest(guidance_id=guidance.record_id, text="指定代理納付者は、改善の指導に従わなかった。")
    granted(await world.sandbox.ward.duties.commands.publish_breach(text))
    await world.sandbox.settle()
    await world.some_days(date(2022, 3, 31))
    world.claim("D-20 and D-6 stay missed", [await world.duty(n, UC) for n in ("D-20", "D-6")], [Status.MISSED] * 2)
    world.claim("D-16: the ward itself has inspected only UC", await world.duty("D-16", "ward"), Status.DUE)


async def status_asked_and_answered(world: World) -> None:
    """取扱状況の報告: the ward asks a contractor how it handles the data; the answer has the figures of the
    contractor's own rows."""
    contractor = world.one_of([PROVIDER, UC])
    world.follows(contractor)
    inquiry = StatusInquiry(contractor=contractor, about="個人情報の取扱状況")
    asked = granted(await world.sandbox.ward.duties.commands.request_status(inquiry))
    await world.sandbox.settle()
    world.claim("D-14: the report is owed", await world.duty("D-14", contractor), Status.DUE)
    assert asked.due_on is not None
    await world.until(asked.due_on)
    world.claim("D-14: reported by its due date", await world.duty("D-14", contractor), Status.FULFILLED)


# ---- what staff do


async def _incident(world: World, noticed_at: datetime) -> DutyRecordView:
    kind, what = world.one_of(INCIDENTS)
    request = IncidentRequest(incident_kind=kind, noticed_at=noticed_at, what=what, persons=world.yen(1, 30) // 100)
    told = granted(await world.sandbox.agents[Agent.UC].duties.commands.notify_incident(request))
    await world.sandbox.settle()
    return told


async def _inspected_and_guided(world: World, contractor: Contractor, duty: str, found: str) -> DutyRecordView:
    """立入調査・改善の指導: returns the guidance, given some days after the inspection."""
    await world.until(INSPECTION, 10)
    findings = (GivenFinding(duty=duty, found=found),)
    request = InspectionRequest(contractor=contractor, inspected_by="介護保険課", checks=CHECKED, findings=findings)
    ward = world.sandbox.ward.duties.commands
    held = granted(await ward.hold_inspection(request))
    await world.sandbox.settle()
    await world.some_days(INSPECTION + timedelta(days=7))
    (finding,) = held.findings
    order = GuidanceRequest(contractor=contractor, cause_id=finding[0], duty=duty, what="速やかに改善し、報告すること")
    guidance = granted(await ward.give_guidance(order))
    await world.sandbox.settle()
    return guidance


async def _improves(world: World, guidance: DutyRecordView) -> None:
    """改善報告 by the provider, some days after the guidance."""
    await world.some_days(INSPECTION + timedelta(days=28))
    report = (GivenParagraph(heading="改善の内容", text="手順を改め、責任者が月ごとに確認することとした。"),)
    request = ImprovementRequest(guidance_id=guidance.record_id, report=report)
    granted(await world.sandbox.provider.duties.commands.report_improvement(request))
    await world.sandbox.settle()


def _person(name: str, role: HandlerRole, task: str) -> GivenHandler:
    return GivenHandler(name=name, role=role, task=task)


def _minutes_ago(world: World, minutes: int) -> datetime:
    return world.sandbox.clock.now() - timedelta(minutes=minutes)
