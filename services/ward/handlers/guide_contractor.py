"""改善の指導・公表: the ward orders improvement of a breach, and may publish it."""

from __future__ import annotations

from datetime import timedelta

from contracts.duties.clauses import BY_NUMBER
from contracts.duties.duty import RecordKind
from contracts.events import BreachPublished, GuidanceGiven
from contracts.http.duties import DutyRecordView
from contracts.http.ward.duties import GuidanceRequest, PublicationRequest
from contracts.parties import Contractor
from contracts.vocabulary import Refusal, business_date
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.register import Wanted
from services.chassis.transaction import Transaction
from services.ward.handlers.hold_inspection import duty_of_another


async def give_guidance(
    request: GuidanceRequest, tx: Transaction, *, correspondence: Correspondence, improvement_days: int
) -> DutyRecordView | Refusal:
    """One guidance for a cause and a duty."""
    if request.contractor not in BY_NUMBER[request.duty].owed_by:
        return duty_of_another(request.duty, request.contractor)
    if not await _is_cause(request, tx, correspondence):
        return _cause_unknown(request)
    earlier = await correspondence.register.listed(
        tx.session, Wanted(RecordKind.GUIDANCE_GIVEN, request.contractor, answers=request.cause_id)
    )
    if any(entry.content["duty"] == request.duty for entry in earlier):
        return Refusal(
            "guidance_given",
            f"guidance about {request.duty} was given for {request.cause_id} already",
            "read it in GET /duties/records, or name another cause or duty",
        )
    given = GuidanceGiven(
        contractor=request.contractor,
        guidance_id=tx.new_id("guidance", request.cause_id, request.duty),
        cause_id=request.cause_id,
        duty=request.duty,
        given_at=tx.now,
        what=request.what,
        improve_by=business_date(tx.now) + timedelta(days=improvement_days),
    )
    return await correspondence.send(given, tx)


async def publish_breach(
    request: PublicationRequest, tx: Transaction, *, correspondence: Correspondence
) -> DutyRecordView | Refusal:
    guidance = await correspondence.to_answer(
        RecordKind.GUIDANCE_GIVEN, request.guidance_id, RecordKind.BREACH_PUBLISHED, tx
    )
    if isinstance(guidance, Refusal):
        return guidance
    published = BreachPublished(
        contractor=Contractor(guidance.record.contractor),
        guidance_id=request.guidance_id,
        published_at=tx.now,
        text=request.text,
    )
    return await correspondence.send(published, tx)


async def _is_cause(request: GuidanceRequest, tx: Transaction, correspondence: Correspondence) -> bool:
    """Whether the register knows of such an incident or erasure of the contractor, or of such a finding."""
    for kind in (RecordKind.INCIDENT_NOTIFIED, RecordKind.ERASURE_CERTIFIED):
        found = await correspondence.register.find(tx.session, kind, request.cause_id)
        if found is not None:
            return found.record.contractor == request.contractor
    inspections = await correspondence.register.listed(
        tx.session, Wanted(RecordKind.INSPECTION_HELD, request.contractor)
    )
    return any(finding[0] == request.cause_id for held in inspections for finding in held.content["findings"])


def _cause_unknown(request: GuidanceRequest) -> Refusal:
    return Refusal(
        "duty_record_unknown",
        f"the register holds no finding, incident or certificate of {request.contractor} with this id",
        "give a finding's id of an inspection, or the id of an incident or certificate: GET /duties/records",
    )
