"""賦課: issue the instalment slips of assessments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.charges import CHARGES
from contracts.http.ward.slips import Assessment, AssessmentsAnswer, AssessmentsRequest
from contracts.vocabulary import Refusal
from services.chassis.transaction import Transaction
from services.ward.domain.charge_terms import SlipTerms
from services.ward.domain.instalments import Levy, instalment_slips
from services.ward.domain.reminders import ReminderRule
from services.ward.handlers.plan_reminders import issue
from services.ward.store import assessments
from services.ward.store.rows import StoredAssessment


async def issue_assessments(
    requests: Sequence[AssessmentsRequest], tx: Transaction, *, terms: SlipTerms, reminders: ReminderRule
) -> Sequence[AssessmentsAnswer | Refusal]:
    """An assessment issued before with the same amount issues nothing; with another, the whole request is refused."""
    levies = {_levy(a) for request in requests for a in request.assessments}
    known = await assessments.annual_amounts(tx.session, levies)
    decided = [_new_ones(request, known) for request in requests]
    answers: list[AssessmentsAnswer | Refusal] = []
    for new in decided:
        if isinstance(new, Refusal):
            answers.append(new)
            continue
        slips = [s for a in new for s in instalment_slips(_levy(a), a.annual_amount, terms)]
        await assessments.add(tx.session, [StoredAssessment(**dict(a), assessed_at=tx.now) for a in new])
        await issue(slips, tx, reminders)
        answers.append(AssessmentsAnswer(slips_issued=len(slips), amount_levied=sum(s.amount for s in slips)))
    return answers


def _new_ones(request: AssessmentsRequest, known: Mapping[Levy, int]) -> Sequence[Assessment] | Refusal:
    new: dict[Levy, Assessment] = {}
    for a in request.assessments:
        levy = _levy(a)
        amount = known.get(levy, new[levy].annual_amount if levy in new else None)
        if amount is not None and amount != a.annual_amount:
            return Refusal(
                "assessment_exists",
                f"insured person {a.insured_number} is assessed for {a.levy_year}, "
                f"{CHARGES[a.charge_type].japanese}, at ¥{amount:,}, not at ¥{a.annual_amount:,}",
                "send the same amount, or issue the difference as a separate slip (随時): POST /slips",
            )
        if amount is None:
            new[levy] = a
    return [*new.values()]


def _levy(assessment: Assessment) -> Levy:
    return Levy(assessment.insured_number, assessment.levy_year, assessment.charge_type)
