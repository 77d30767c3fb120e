"""The routes of duties: what every party's register holds, and what a contractor's staff enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Query, Response

from contracts.duties.duty import RecordKind
from contracts.http.duties import DutyRecordView, ErasureRequest, ErasuresAnswer, ErasureView, ReportDetails
from contracts.roles import Role
from services.chassis.commands import Command
from services.chassis.duties.commands import OfficeCommands
from services.chassis.duties.printing import printed
from services.chassis.duties.register import Wanted, views
from services.chassis.erasure.by_hand import listed
from services.chassis.erasure.erasing import Erasing
from services.chassis.service import Service
from services.chassis.web.admission import GuardedRouter
from services.chassis.web.problems import accepted
from services.chassis.web.routing import PROBLEMS, PartyRouter

STAFF: Final = "staff"
"""Whom a register names, in the access log: the staff of the parties."""
PDF: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"application/pdf": {}}, "description": "PDF, A4"}}
Limit = Annotated[int, Query(ge=1, le=10_000)]


def reading_duties(router: GuardedRouter, service: Service) -> None:
    """記録簿: for privacy officers and auditors; what they read is recorded, for it names people."""
    readers = router.open_to(Role.PRIVACY_OFFICER, Role.AUDITOR).showing(STAFF)

    @readers.get("/duties/records", summary="記録簿 records about the protection of personal data, the latest first")
    async def records(
        kind: RecordKind | None = None, contractor: str | None = None, limit: Limit = 1_000
    ) -> Sequence[DutyRecordView]:
        return views(await service.duty_records(Wanted(kind, contractor, limit=limit)))

    @readers.get(
        "/duties/records/{kind}/{record_id:path}/pdf",
        summary="記録簿 one record on paper, in Japanese",
        responses={**PROBLEMS, **PDF},
    )
    async def letter(kind: RecordKind, record_id: str) -> Response:
        document = accepted(await printed(service.database, service.register, kind, record_id))
        return Response(document, media_type="application/pdf")


def erasing_duties(api: PartyRouter, erasing: Erasing, erase: Command[ErasureRequest, ErasuresAnswer]) -> None:
    """消去: what is due, what was erased, and erasing by hand."""

    @api.open_to(Role.PRIVACY_OFFICER, Role.AUDITOR).get(
        "/duties/erasures", summary="消去の記録 erasures, due or carried out, by their day"
    )
    async def erasures() -> Sequence[ErasureView]:
        async with erasing.media.database.read() as session:
            return await listed(session, erasing)

    api.open_to(Role.PRIVACY_OFFICER).command(
        "/duties/erasures", erase, "消去 erase what is due and not done, or all that is settled at the contract's end"
    )


def entering_duties(api: PartyRouter, commands: OfficeCommands) -> None:
    """What a contractor's privacy officer enters."""
    officers, c = api.open_to(Role.PRIVACY_OFFICER), commands
    officers.command("/duties/handlers", c.name_handlers, "取扱責任者等の報告 all handlers from now on", status=201)
    officers.command("/duties/trainings", c.hold_training, "研修 staff were trained", status=201)
    officers.command("/duties/incidents", c.notify_incident, "事故の通知 notify the ward at once", status=201)
    officers.command(
        "/duties/incidents/{incident_id}/report",
        c.report_incident,
        "事故報告書 report an incident in writing",
        status=201,
        body=ReportDetails,
    )
    officers.command(
        "/duties/status-requests/{request_id}/report",
        c.report_status,
        "取扱状況報告 report how the data are handled, in figures of this party's own records",
        status=201,
    )
    officers.command(
        "/duties/guidances/{guidance_id}/improvement",
        c.report_improvement,
        "改善報告 report what was done about a guidance",
        status=201,
        body=ReportDetails,
    )
    officers.command("/duties/claims/{claim_id}/payment", c.pay_damages, "損害の賠償 pay a claim in full", status=201)
