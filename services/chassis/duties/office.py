"""取扱部門: what a contractor's staff do for their duties. A refusal is returned, not raised."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import events as e
from contracts.bounds import MOST_PAYMENTS
from contracts.calendar import fiscal_year
from contracts.duties.duty import RecordKind
from contracts.http.duties import (
    DamagesPayment,
    DutyRecordView,
    GivenParagraph,
    HandlersRequest,
    ImprovementRequest,
    IncidentReportRequest,
    IncidentRequest,
    StatusReportRequest,
    TrainingRequest,
)
from contracts.parties import Contractor
from contracts.vocabulary import HandlerRole, Refusal, Yen, business_date
from services.chassis.duties.correspondence import Correspondence
from services.chassis.transaction import Transaction

Figures = Callable[[AsyncConnection], Awaitable[Sequence[e.Figure]]]
Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

ONE_RESPONSIBLE = Refusal(
    "one_responsible_person",
    "a register of handlers names exactly one responsible person (取扱責任者)",
    "give one of them the role responsible, and the others handler",
)
NOTICED_LATER = Refusal(
    "noticed_in_future",
    "the incident is said to be noticed at an instant that has not come",
    "give noticed_at as the time at which it was noticed",
)


@dataclass(frozen=True, slots=True)
class Handling:
    """How a contractor handles the ward's data."""

    tasks: Sequence[str]
    """What its handlers (従事者) do."""
    held: Figures
    """How much it holds, by kind of data."""


@dataclass(frozen=True, slots=True)
class Office:
    """The use cases of one contractor. `recorded` counts its accesses recorded and logins refused."""

    contractor: Contractor
    correspondence: Correspondence
    handling: Handling
    recorded: Figures

    async def name_handlers(self, request: HandlersRequest, tx: Transaction) -> DutyRecordView | Refusal:
        """取扱責任者等の報告: replaces the register of before."""
        if sum(handler.role is HandlerRole.RESPONSIBLE for handler in request.handlers) != 1:
            return ONE_RESPONSIBLE
        number = await self.correspondence.register.count(tx.session, RecordKind.HANDLERS_NAMED)
        named = e.HandlersNamed(
            contractor=self.contractor,
            register_id=tx.new_id("handlers", self.contractor, str(number)),
            fiscal_year=fiscal_year(business_date(tx.now)),
            named_at=tx.now,
            handlers=tuple(e.Handler(h.name, h.role, h.task) for h in request.handlers),
        )
        return await self.correspondence.send(named, tx)

    async def hold_training(self, request: TrainingRequest, tx: Transaction) -> DutyRecordView | Refusal:
        """研修の実施報告"""
        number = await self.correspondence.register.count(tx.session, RecordKind.TRAINING_HELD)
        held = e.TrainingHeld(
            contractor=self.contractor,
            training_id=tx.new_id("training", self.contractor, str(number)),
            fiscal_year=fiscal_year(business_date(tx.now)),
            held_at=tx.now,
            taught=request.taught,
            attendees=request.attendees,
        )
        return await self.correspondence.send(held, tx)

    async def notify_incident(self, request: IncidentRequest, tx: Transaction) -> DutyRecordView | Refusal:
        """事故の通知: at once; the written report is owed by a day that is counted from now."""
        if request.noticed_at > tx.now:
            return NOTICED_LATER
        number = await self.correspondence.register.count(tx.session, RecordKind.INCIDENT_NOTIFIED)
        notified = e.IncidentNotified(
            contractor=self.contractor,
            incident_id=tx.new_id("incident", self.contractor, str(number)),
            incident_kind=request.incident_kind,
            noticed_at=request.noticed_at,
            notified_at=tx.now,
            what=request.what,
            persons=request.persons,
            report_due_on=business_date(tx.now) + timedelta(days=self.correspondence.terms.incident_report_days),
        )
        return await self.correspondence.send(notified, tx)

    async def report_incident(self, request: IncidentReportRequest, tx: Transaction) -> DutyRecordView | Refusal:
        """事故報告書"""
        asked = await self.correspondence.to_answer(
            RecordKind.INCIDENT_NOTIFIED, request.incident_id, RecordKind.INCIDENT_REPORTED, tx
        )
        if isinstance(asked, Refusal):
            return asked
        reported = e.IncidentReported(
            contractor=self.contractor,
            incident_id=request.incident_id,
            reported_at=tx.now,
            report=_paragraphs(request.report),
        )
        return await self.correspondence.send(reported, tx)

    async def report_status(self, request: StatusReportRequest, tx: Transaction) -> DutyRecordView | Refusal:
        """取扱状況報告: the figures are those of the contractor's own rows and records."""
        asked = await self.correspondence.to_answer(
            RecordKind.STATUS_REQUESTED, request.request_id, RecordKind.STATUS_REPORTED, tx
        )
        if isinstance(asked, Refusal):
            return asked
        reported = e.StatusReported(
            contractor=self.contractor,
            request_id=request.request_id,
            reported_at=tx.now,
            figures=tuple(await self._figures(tx.session)),
        )
        return await self.correspondence.send(reported, tx)

    async def report_improvement(self, request: ImprovementRequest, tx: Transaction) -> DutyRecordView | Refusal:
        """改善報告"""
        asked = await self.correspondence.to_answer(
            RecordKind.GUIDANCE_GIVEN, request.guidance_id, RecordKind.IMPROVEMENT_REPORTED, tx
        )
        if isinstance(asked, Refusal):
            return asked
        reported = e.ImprovementReported(
            contractor=self.contractor,
            guidance_id=request.guidance_id,
            reported_at=tx.now,
            report=_paragraphs(request.report),
        )
        return await self.correspondence.send(reported, tx)

    async def pay_damages(self, request: DamagesPayment, tx: Transaction) -> DutyRecordView | Refusal:
        """損害の賠償: the whole amount of the claim."""
        asked = await self.correspondence.to_answer(
            RecordKind.DAMAGES_CLAIMED, request.claim_id, RecordKind.DAMAGE_MADE_GOOD, tx
        )
        if isinstance(asked, Refusal):
            return asked
        paid = e.DamageMadeGood(
            contractor=self.contractor,
            claim_id=request.claim_id,
            amount=Yen(asked.content["amount"]),
            paid_at=tx.now,
        )
        return await self.correspondence.send(paid, tx)

    async def _figures(self, session: AsyncConnection) -> Sequence[e.Figure]:
        count = self.correspondence.register.count
        figures = [
            *await self.handling.held(session),
            *await self.recorded(session),
            e.Figure("通知した事故", await count(session, RecordKind.INCIDENT_NOTIFIED)),
            e.Figure("証明した消去", await count(session, RecordKind.ERASURE_CERTIFIED)),
        ]
        return [e.Figure(figure.name, min(figure.count, MOST_PAYMENTS)) for figure in figures]


def one_by_one(
    use_case: Callable[[Asked, Transaction], Awaitable[Answered | Refusal]],
) -> Callable[[Sequence[Asked], Transaction], Awaitable[Sequence[Answered | Refusal]]]:
    """A use case as a handler of batches; each request sees the effects of the ones before."""

    async def handle(requests: Sequence[Asked], tx: Transaction) -> Sequence[Answered | Refusal]:
        return [await use_case(request, tx) for request in requests]

    return handle


def _paragraphs(report: Sequence[GivenParagraph]) -> tuple[e.Paragraph, ...]:
    return tuple(e.Paragraph(paragraph.heading, paragraph.text) for paragraph in report)
