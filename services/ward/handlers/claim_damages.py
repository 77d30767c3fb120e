"""損害賠償の請求: the ward claims the damage of an incident."""

from __future__ import annotations

from datetime import timedelta

from contracts.duties.duty import RecordKind
from contracts.events import DamagesClaimed
from contracts.http.duties import DutyRecordView
from contracts.http.ward.duties import ClaimRequest
from contracts.vocabulary import Refusal, Yen, business_date
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.refusals import record_unknown
from services.chassis.duties.register import Wanted
from services.chassis.transaction import Transaction


async def claim_damages(
    request: ClaimRequest, tx: Transaction, *, correspondence: Correspondence, damages_days: int
) -> DutyRecordView | Refusal:
    """One claim for an incident."""
    incident = await correspondence.register.find(tx.session, RecordKind.INCIDENT_NOTIFIED, request.incident_id)
    if incident is None or incident.record.contractor != request.contractor:
        return record_unknown(RecordKind.INCIDENT_NOTIFIED, request.incident_id)
    earlier = Wanted(RecordKind.DAMAGES_CLAIMED, request.contractor, request.incident_id, limit=1)
    if found := await correspondence.register.listed(tx.session, earlier):
        return Refusal(
            "damages_claimed",
            f"¥{found[0].content['amount']:,} were claimed for this incident already",
            "read the claim in GET /duties/records",
        )
    claimed = DamagesClaimed(
        contractor=request.contractor,
        claim_id=tx.new_id("claim", request.incident_id),
        incident_id=request.incident_id,
        amount=Yen(request.amount),
        claimed_at=tx.now,
        due_on=business_date(tx.now) + timedelta(days=damages_days),
    )
    return await correspondence.send(claimed, tx)
