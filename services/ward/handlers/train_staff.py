"""職員の研修: the ward's own staff are trained. It is no message: the ward owes it to the persons, not to a party."""

from __future__ import annotations

from contracts.calendar import fiscal_year
from contracts.duties.assessing import DutyRecord
from contracts.duties.duty import RecordKind
from contracts.http.duties import DutyRecordView, TrainingRequest
from contracts.parties import WARD
from contracts.vocabulary import Refusal, business_date
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.register import Registered
from services.chassis.transaction import Transaction


async def train_staff(
    request: TrainingRequest, tx: Transaction, *, correspondence: Correspondence
) -> DutyRecordView | Refusal:
    """The record has the form of a contractor's `TrainingHeld`."""
    number = await correspondence.register.count(tx.session, RecordKind.TRAINING_HELD, contractor=WARD)
    training_id = tx.new_id("training", WARD, str(number))
    content = {
        "contractor": WARD,
        "training_id": training_id,
        "fiscal_year": fiscal_year(business_date(tx.now)),
        "held_at": tx.now.isoformat(),
        "taught": request.taught,
        "attendees": request.attendees,
    }
    record = DutyRecord(WARD, RecordKind.TRAINING_HELD, training_id, WARD, tx.now)
    return await correspondence.enter(Registered(record, content), tx)
