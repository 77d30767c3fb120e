"""受託者: the duties of a contractor put together: its office, the commands of its staff, and the simulated staff."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.calendar import fiscal_year
from contracts.duties.duty import RecordKind
from contracts.events import WARD_EVENTS
from contracts.http.duties import (
    DamagesPayment,
    HandlersRequest,
    ImprovementRequest,
    IncidentReportRequest,
    StatusReportRequest,
    TrainingRequest,
)
from contracts.parties import Contractor
from contracts.vocabulary import business_date
from services.chassis.commands import Executor
from services.chassis.consumer import On
from services.chassis.duties import behaviour
from services.chassis.duties.commands import OfficeCommands
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.office import Figures, Handling, Office
from services.chassis.duties.staff import Staff, Task
from services.chassis.transaction import Transaction

ANSWERS_OF_STAFF = (
    RecordKind.STATUS_REPORTED,
    RecordKind.INCIDENT_REPORTED,
    RecordKind.IMPROVEMENT_REPORTED,
    RecordKind.DAMAGE_MADE_GOOD,
)


class ContractorDuties:
    """`correspondence` is the service's; `seed` that of its simulated staff."""

    def __init__(
        self, correspondence: Correspondence, executor: Executor, handling: Handling, recorded: Figures, seed: int
    ) -> None:
        contractor = Contractor(correspondence.register.party)
        self.correspondence = correspondence.making(*ANSWERS_OF_STAFF)
        self.office = Office(contractor, self.correspondence, handling, recorded)
        self.commands = OfficeCommands(self.office, executor)
        self.staff = Staff(self.correspondence, _tasks(self.office, seed))

    def subscriptions(self) -> Sequence[On]:
        """The ward's messages and the staff's timers."""
        return (
            *(On(event, self.correspondence.receive, natural_key=True) for event in WARD_EVENTS),
            *self.staff.subscriptions,
        )


def _tasks(office: Office, seed: int) -> Sequence[Task]:
    """How the simulated staff of a contractor make each record."""
    party = str(office.contractor)

    async def name(_: str, tx: Transaction) -> object:
        named = behaviour.handlers(seed, party, office.handling.tasks)
        return await office.name_handlers(HandlersRequest(handlers=named), tx)

    async def train(_: str, tx: Transaction) -> object:
        year = fiscal_year(business_date(tx.now))
        attendees = behaviour.attendees(seed, party, year)
        return await office.hold_training(TrainingRequest(taught=behaviour.course(year), attendees=attendees), tx)

    async def report_status(request_id: str, tx: Transaction) -> object:
        return await office.report_status(StatusReportRequest(request_id=request_id), tx)

    async def report_incident(incident_id: str, tx: Transaction) -> object:
        report = behaviour.INCIDENT_REPORT
        return await office.report_incident(IncidentReportRequest(incident_id=incident_id, report=report), tx)

    async def improve(guidance_id: str, tx: Transaction) -> object:
        report = behaviour.IMPROVEMENT_REPORT
        return await office.report_improvement(ImprovementRequest(guidance_id=guidance_id, report=report), tx)

    async def pay(claim_id: str, tx: Transaction) -> object:
        return await office.pay_damages(DamagesPayment(claim_id=claim_id), tx)

    return (
        Task(RecordKind.HANDLERS_NAMED, name, (party,)),
        Task(RecordKind.TRAINING_HELD, train, (party,), office.correspondence.terms.training_month),
        Task(RecordKind.STATUS_REPORTED, report_status),
        Task(RecordKind.INCIDENT_REPORTED, report_incident),
        Task(RecordKind.IMPROVEMENT_REPORTED, improve),
        Task(RecordKind.DAMAGE_MADE_GOOD, pay),
    )
