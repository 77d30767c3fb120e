"""取扱状況の報告の求め: the ward asks a contractor how it handles the data."""

from __future__ import annotations

from datetime import timedelta

from contracts.duties.duty import RecordKind
from contracts.events import StatusRequested
from contracts.http.duties import DutyRecordView
from contracts.http.ward.duties import StatusInquiry
from contracts.vocabulary import Refusal, business_date
from services.chassis.duties.correspondence import Correspondence
from services.chassis.transaction import Transaction


async def request_status(
    request: StatusInquiry, tx: Transaction, *, correspondence: Correspondence, report_days: int
) -> DutyRecordView | Refusal:
    number = await correspondence.register.count(tx.session, RecordKind.STATUS_REQUESTED, contractor=request.contractor)
    asked = StatusRequested(
        contractor=request.contractor,
        request_id=tx.new_id("status request", request.contractor, str(number)),
        requested_at=tx.now,
        due_on=business_date(tx.now) + timedelta(days=report_days),
        about=request.about,
    )
    return await correspondence.send(asked, tx)
