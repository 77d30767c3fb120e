"""A plausible fiscal year: what people owe, from a seed. Pure."""

from __future__ import annotations

from bisect import bisect_right
from hashlib import blake2b
from itertools import accumulate
from typing import Final, NamedTuple

from contracts.http import Assessment

PER_MILLE: Final = 1_000


class IncomeStage(NamedTuple):
    """所得段階: a band of income with its share of the base premium."""

    percent: int
    """Of the base premium (基準額)."""
    payers_per_mille: int
    """How many of a thousand people who pay by slip are in it."""


INCOME_STAGES: Final = (
    IncomeStage(30, 190),
    IncomeStage(40, 80),
    IncomeStage(65, 70),
    IncomeStage(85, 110),
    IncomeStage(100, 90),
    IncomeStage(110, 110),
    IncomeStage(120, 120),
    IncomeStage(140, 80),
    IncomeStage(160, 50),
    IncomeStage(180, 30),
    IncomeStage(210, 20),
    IncomeStage(240, 20),
    IncomeStage(280, 15),
    IncomeStage(320, 10),
    IncomeStage(350, 5),
)
"""Fifteen stages, as wards of this size have them; rates and shares are assumptions of ours."""
_UP_TO: Final = tuple(accumulate(stage.payers_per_mille for stage in INCOME_STAGES))


BASE_PREMIUM_PER_MONTH: Final = 6_200
"""基準額 of the generated fiscal year, in yen."""
HIGHEST_BASE_PER_MONTH: Final = 60_000
"""Above it the instalments of the highest stage could no longer carry a barcode."""


def generate_assessments(
    seed: int, payers: int, levy_year: int, base_per_month: int = BASE_PREMIUM_PER_MONTH
) -> list[Assessment]:
    """What `payers` people owe for a levy year: the same for the same arguments, whatever the number of others.

    Amounts are whole in ¥100 and every instalment can carry a barcode. Raises `ValueError` for a base that breaks that.
    """
    if not 0 < base_per_month <= HIGHEST_BASE_PER_MONTH:
        raise ValueError(f"base_per_month must be 1 to {HIGHEST_BASE_PER_MONTH:,} yen, not {base_per_month:,}")
    return [
        Assessment(
            insured_number=f"{number:010d}",
            levy_year=levy_year,
            annual_amount=annual_premium(_stage(seed, levy_year, number), base_per_month),
        )
        for number in range(1, payers + 1)
    ]


def annual_premium(stage: IncomeStage, base_per_month: int) -> int:
    """年額: the stage's share of twelve months' base premium, fractions of ¥100 dropped."""
    return base_per_month * 12 * stage.percent // 100 // 100 * 100


def _stage(seed: int, levy_year: int, number: int) -> IncomeStage:
    drawn = blake2b(f"{seed}/{levy_year}/{number}".encode(), digest_size=8).digest()
    return INCOME_STAGES[bisect_right(_UP_TO, int.from_bytes(drawn, "big") % PER_MILLE)]
