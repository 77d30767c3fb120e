"""随時の納付書: issue single slips outside the instalment calendar."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.bounds import FIRST_DAY, LAST_DAY, wrong_day
from contracts.http.ward.slips import SlipRequest, SlipView
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.ward.domain.charge_terms import SlipTerms
from services.ward.domain.instalments import Levy, Slip, levy_year_of, make_slip, next_special_instalment
from services.ward.domain.reminders import ReminderRule
from services.ward.handlers.plan_reminders import issue
from services.ward.store import slips
from services.ward.views import slip_view


async def issue_slips(
    requests: Sequence[SlipRequest], tx: Transaction, *, terms: SlipTerms, reminders: ReminderRule
) -> Sequence[SlipView | Refusal]:
    """Each request issues a new slip; an Idempotency-Key makes it safe to send one twice."""
    used = await slips.instalments_of(tx.session, {r.insured_number for r in requests})
    issued: list[Slip | Refusal] = []
    for request in requests:
        if wrong := wrong_day(request.due_on):
            remedy = f"use a date from {FIRST_DAY} to {LAST_DAY}"
            issued.append(Refusal("due_date_out_of_range", f"due_on {wrong}", remedy))
            continue
        levy = Levy(request.insured_number, levy_year_of(request.due_on), request.charge_type)
        numbers = used[levy]
        number = next_special_instalment(numbers, terms.special_instalments_from)
        if isinstance(number, Refusal):
            issued.append(number)
            continue
        numbers.add(number)
        issued.append(make_slip(levy, number, request.amount, request.due_on, terms))
    await issue((slip for slip in issued if isinstance(slip, Slip)), tx, reminders)
    return [slip if isinstance(slip, Refusal) else slip_view(slip) for slip in issued]
