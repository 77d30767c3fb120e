"""再発行: reissue slips, with the next reissue count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.http.ward.slips import ReissueRequest, SlipView
from contracts.vocabulary import Refusal, business_date
from services.chassis.transaction import Transaction
from services.ward.domain.charge_terms import SlipTerms
from services.ward.domain.reissue import IssuedSlip, Reissue, reissue
from services.ward.store import slips
from services.ward.views import reissued_slip_view, slip_unknown


async def reissue_slips(
    requests: Sequence[ReissueRequest], tx: Transaction, *, terms: SlipTerms
) -> Sequence[SlipView | Refusal]:
    """Each request is another reissue; an Idempotency-Key makes it safe to send one twice."""
    issued = await slips.lock(tx.session, {r.slip_number for r in requests})
    today = business_date(tx.now)
    decided: Mapping[str, Reissue | Refusal] = {
        number: reissue(IssuedSlip(s.slip_number, s.charge_type, s.outstanding, s.use_by, s.reissue), today, terms)
        for number, s in issued.items()
    }
    printed = {number: one for number, one in decided.items() if isinstance(one, Reissue)}
    await slips.save_reissues(tx.session, printed, tx.now)
    answers: list[SlipView | Refusal] = []
    for request in requests:
        match decided.get(request.slip_number):
            case None:
                answers.append(slip_unknown(request.slip_number))
            case Refusal() as refusal:
                answers.append(refusal)
            case Reissue() as reissued:
                answers.append(reissued_slip_view(issued[request.slip_number], reissued))
    return answers
