"""立入調査: the ward has inspected a contractor; what it found is told to the contractor."""

from __future__ import annotations

from contracts.calendar import fiscal_year
from contracts.duties.clauses import BY_NUMBER
from contracts.duties.duty import RecordKind
from contracts.events import Finding, InspectionHeld
from contracts.http.duties import DutyRecordView
from contracts.http.ward.duties import InspectionRequest
from contracts.parties import Contractor
from contracts.vocabulary import Refusal, business_date
from services.chassis.duties.correspondence import Correspondence
from services.chassis.transaction import Transaction


async def hold_inspection(
    request: InspectionRequest, tx: Transaction, *, correspondence: Correspondence
) -> DutyRecordView | Refusal:
    for finding in request.findings:
        if request.contractor not in BY_NUMBER[finding.duty].owed_by:
            return duty_of_another(finding.duty, request.contractor)
    number = await correspondence.register.count(tx.session, RecordKind.INSPECTION_HELD, contractor=request.contractor)
    inspection_id = tx.new_id("inspection", request.contractor, str(number))
    held = InspectionHeld(
        contractor=request.contractor,
        inspection_id=inspection_id,
        fiscal_year=fiscal_year(business_date(tx.now)),
        held_at=tx.now,
        inspected_by=request.inspected_by,
        checks=request.checks,
        findings=tuple(
            Finding(tx.new_id("finding", inspection_id, str(n)), finding.duty, finding.found)
            for n, finding in enumerate(request.findings)
        ),
    )
    return await correspondence.send(held, tx)


def duty_of_another(duty: str, contractor: Contractor) -> Refusal:
    return Refusal(
        "duty_of_another",
        f"{duty} is no duty of {contractor}",
        f"name one of its own duties; {duty} is owed by {', '.join(BY_NUMBER[duty].owed_by)}",
    )
