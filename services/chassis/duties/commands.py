"""Request → use case: what a contractor's staff enter about its duties, one after the other."""

from __future__ import annotations

from contracts.http.duties import (
    DamagesPayment,
    DutyRecordView,
    HandlersRequest,
    ImprovementRequest,
    IncidentReportRequest,
    IncidentRequest,
    StatusReportRequest,
    TrainingRequest,
)
from services.chassis.commands import Executor
from services.chassis.duties.office import Office, one_by_one

ONE_AT_A_TIME = ("duties",)


class OfficeCommands:
    """Each is called with its request and, if that may be sent again, an idempotency key."""

    def __init__(self, office: Office, executor: Executor) -> None:
        self.name_handlers = executor.command(
            "name_handlers", HandlersRequest, DutyRecordView, one_by_one(office.name_handlers), together
        )
        self.hold_training = executor.command(
            "hold_training", TrainingRequest, DutyRecordView, one_by_one(office.hold_training), together
        )
        self.notify_incident = executor.command(
            "notify_incident", IncidentRequest, DutyRecordView, one_by_one(office.notify_incident), together
        )
        self.report_incident = executor.command(
            "report_incident", IncidentReportRequest, DutyRecordView, one_by_one(office.report_incident), together
        )
        self.report_status = executor.command(
            "report_status", StatusReportRequest, DutyRecordView, one_by_one(office.report_status), together
        )
        self.report_improvement = executor.command(
            "report_improvement", ImprovementRequest, DutyRecordView, one_by_one(office.report_improvement), together
        )
        self.pay_damages = executor.command(
            "pay_damages", DamagesPayment, DutyRecordView, one_by_one(office.pay_damages), together
        )


def together(_: object) -> tuple[str, ...]:
    """No two requests about duties share a transaction: each sees the records of the ones before."""
    return ONE_AT_A_TIME
