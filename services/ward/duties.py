"""個人情報の保護: what the ward asks of its contractors, put together: commands, messages received, simulated staff."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from contracts.calendar import BANK_CALENDAR, fiscal_year
from contracts.duties.clauses import DUTIES
from contracts.duties.duty import CONTRACTORS, RecordKind
from contracts.events import CONTRACTOR_EVENTS, AccessLogCheckpointed, ErasureCertified
from contracts.http.duties import DutyRecordView, TrainingRequest
from contracts.http.ward.duties import (
    ClaimRequest,
    ErasureVerdict,
    GuidanceRequest,
    InspectionRequest,
    PublicationRequest,
    StatusInquiry,
)
from contracts.parties import WARD, Contractor
from contracts.vocabulary import Refusal, business_date, on_the_clock
from services.chassis.commands import Command, Executor, Request
from services.chassis.consumer import On
from services.chassis.duties import behaviour
from services.chassis.duties.commands import together
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.office import one_by_one
from services.chassis.duties.staff import Staff, Task
from services.chassis.duties.terms import OFFICE_OPENS
from services.chassis.duties.timers import DutyDue
from services.chassis.transaction import Transaction
from services.ward.handlers.check_erasure import check_as_staff, check_erasure
from services.ward.handlers.claim_damages import claim_damages
from services.ward.handlers.guide_contractor import give_guidance, publish_breach
from services.ward.handlers.hold_inspection import hold_inspection
from services.ward.handlers.request_status import request_status
from services.ward.handlers.train_staff import train_staff
from services.ward.settings import DutyDays

YEARLY_INQUIRY: Final = "個人情報の取扱状況の定期報告"
UseCase = Callable[[Request, Transaction], Awaitable[DutyRecordView | Refusal]]


@dataclass(frozen=True, slots=True)
class UseCases:
    """The ward's use cases."""

    request_status: UseCase[StatusInquiry]
    hold_inspection: UseCase[InspectionRequest]
    give_guidance: UseCase[GuidanceRequest]
    publish_breach: UseCase[PublicationRequest]
    claim_damages: UseCase[ClaimRequest]
    check_erasure: UseCase[ErasureVerdict]
    check_as_staff: Callable[[str, Transaction], Awaitable[None]]
    train_staff: UseCase[TrainingRequest]

    @classmethod
    def of(cls, correspondence: Correspondence, days: DutyDays) -> UseCases:
        return cls(
            partial(request_status, correspondence=correspondence, report_days=days.status_report),
            partial(hold_inspection, correspondence=correspondence),
            partial(give_guidance, correspondence=correspondence, improvement_days=days.improvement),
            partial(publish_breach, correspondence=correspondence),
            partial(claim_damages, correspondence=correspondence, damages_days=days.damages),
            partial(check_erasure, correspondence=correspondence),
            partial(check_as_staff, correspondence=correspondence),
            partial(train_staff, correspondence=correspondence),
        )


class WardDuties:
    """`correspondence` is the service's; `seed` that of its simulated staff."""

    def __init__(self, correspondence: Correspondence, executor: Executor, days: DutyDays, seed: int) -> None:
        self.correspondence = correspondence.making(RecordKind.ERASURE_CHECKED)
        use_cases = UseCases.of(self.correspondence, days)
        self.commands = DutyCommands(use_cases, executor)
        self.staff = Staff(self.correspondence, _tasks(use_cases, days, seed))

    def subscriptions(self) -> Sequence[On]:
        """The contractors' messages and the staff's timers."""
        elsewhere = (AccessLogCheckpointed, ErasureCertified)  # the former is kept by the chassis
        told = (event for event in CONTRACTOR_EVENTS if event not in elsewhere)
        received = (On(event, self.correspondence.receive, natural_key=True) for event in told)
        return (
            *received,
            On(ErasureCertified, self.receive_certificates, natural_key=True),
            *self.staff.subscriptions,
        )

    async def receive_certificates(self, certificates: Sequence[ErasureCertified], tx: Transaction) -> None:
        """消去証明書: the staff check one on the next bank business day."""
        await self.correspondence.receive(certificates, tx)
        at = on_the_clock(BANK_CALENDAR.next_open(business_date(tx.now) + timedelta(days=1)), OFFICE_OPENS)
        for certificate in certificates if self.correspondence.terms.kept else ():
            if certificate not in tx.repeated:
                tx.schedule(DutyDue(make=RecordKind.ERASURE_CHECKED, about=certificate.certificate_id), at)


class DutyCommands:
    """Each is called with its request and, if that may be sent again, an idempotency key; one after the other."""

    def __init__(self, use_cases: UseCases, executor: Executor) -> None:
        def command(name: str, request: type[Request], do: UseCase[Request]) -> Command[Request, DutyRecordView]:
            return executor.command(name, request, DutyRecordView, one_by_one(do), together)

        self.request_status = command("request_status", StatusInquiry, use_cases.request_status)
        self.hold_inspection = command("hold_inspection", InspectionRequest, use_cases.hold_inspection)
        self.give_guidance = command("give_guidance", GuidanceRequest, use_cases.give_guidance)
        self.publish_breach = command("publish_breach", PublicationRequest, use_cases.publish_breach)
        self.claim_damages = command("claim_damages", ClaimRequest, use_cases.claim_damages)
        self.check_erasure = command("check_erasure", ErasureVerdict, use_cases.check_erasure)
        self.train_staff = command("train_staff", TrainingRequest, use_cases.train_staff)


def _tasks(use_cases: UseCases, days: DutyDays, seed: int) -> Sequence[Task]:
    """How the simulated staff of the ward make each record. They find nothing wrong."""

    async def ask(contractor: str, tx: Transaction) -> object:
        return await use_cases.request_status(
            StatusInquiry(contractor=Contractor(contractor), about=YEARLY_INQUIRY), tx
        )

    async def inspect(contractor: str, tx: Transaction) -> object:
        owed = sum(contractor in duty.owed_by for duty in DUTIES)
        inspector = behaviour.handlers(seed, WARD, ("立入調査",))[1].name
        held = InspectionRequest(
            contractor=Contractor(contractor), inspected_by=f"介護保険課　{inspector}", checks=owed
        )
        return await use_cases.hold_inspection(held, tx)

    async def train(_: str, tx: Transaction) -> object:
        year = fiscal_year(business_date(tx.now))
        held = TrainingRequest(taught=behaviour.course(year), attendees=behaviour.attendees(seed, WARD, year))
        return await use_cases.train_staff(held, tx)

    return (
        Task(RecordKind.TRAINING_HELD, train, (WARD,), days.training_month),
        Task(RecordKind.STATUS_REQUESTED, ask, CONTRACTORS, days.inquiry_month),
        Task(RecordKind.INSPECTION_HELD, inspect, CONTRACTORS, days.inspection_month),
        Task(RecordKind.ERASURE_CHECKED, use_cases.check_as_staff),
    )
