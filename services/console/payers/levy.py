"""賦課 of made-up payers: assessments that follow from a seed."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.http.ward.slips import AssessmentsRequest
from contracts.vocabulary import ChargeType
from services.ward.app import generate_levies

ASSESSMENTS_AT_ONCE = 1000


def levy(
    seed: int, payers: int, year: int, charge_type: ChargeType = ChargeType.CARE_INSURANCE
) -> Iterator[AssessmentsRequest]:
    """What this many payers owe for a fiscal year, in batches that the ward takes."""
    assessed = generate_levies(seed, payers, year, charge_type)
    for n in range(0, len(assessed), ASSESSMENTS_AT_ONCE):
        yield AssessmentsRequest(assessments=tuple(assessed[n : n + ASSESSMENTS_AT_ONCE]))
