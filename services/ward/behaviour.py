"""A plausible fiscal year: what people owe, from a seed. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Final, NamedTuple

from contracts.http.ward.slips import Assessment
from contracts.vocabulary import ChargeType

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
    return INCOME_STAGES[bisect_right(_UP_TO, _drawn(f"{seed}/{levy_year}/{number}"))]


def _drawn(what: str) -> int:
    """0 to 999, always the same for the same text."""
    return int.from_bytes(blake2b(what.encode(), digest_size=8).digest(), "big") % PER_MILLE


class Band(NamedTuple):
    """What one group of payers owes for a year."""

    annual_amount: int
    payers_per_mille: int
    """How many of a thousand payers are in it."""


BANDS: Final[Mapping[ChargeType, Sequence[Band]]] = {
    ChargeType.RESIDENT_TAX: (
        Band(5_000, 120),
        Band(38_000, 180),
        Band(96_000, 260),
        Band(184_500, 220),
        Band(312_000, 140),
        Band(648_300, 60),
        Band(1_460_000, 20),
    ),
    ChargeType.LIGHT_VEHICLE_TAX: (Band(2_000, 380), Band(2_400, 150), Band(3_600, 120), Band(10_800, 350)),
    ChargeType.HEALTH_INSURANCE: (
        Band(16_000, 300),
        Band(52_400, 250),
        Band(118_900, 250),
        Band(286_000, 150),
        Band(820_000, 50),
    ),
}
"""Plausible annual amounts; the light vehicle taxes are those of the law (地方税法463条の15) for common kinds."""


def generate_levies(seed: int, payers: int, levy_year: int, charge_type: ChargeType) -> list[Assessment]:
    """What `payers` people owe for a levy year and charge type: the same for the same arguments."""
    if charge_type is ChargeType.CARE_INSURANCE:
        return generate_assessments(seed, payers, levy_year)
    bands = BANDS[charge_type]
    up_to = tuple(accumulate(band.payers_per_mille for band in bands))
    return [
        Assessment(
            insured_number=f"{number:010d}",
            levy_year=levy_year,
            annual_amount=bands[
                bisect_right(up_to, _drawn(f"{seed}/{levy_year}/{charge_type}/{number}"))
            ].annual_amount,
            charge_type=charge_type,
        )
        for number in range(1, payers + 1)
    ]
