"""A plausible fiscal year: what people owe, from a seed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Final, NamedTuple

from contracts.http.ward.slips import Assessment
from contracts.vocabulary import ChargeType

PER_MILLE: Final = 1_000


class IncomeLevel(NamedTuple):
    """所得段階: a band of income with its share of the base premium."""

    percent: int
    """Premium in percent of the base premium (基準額)."""
    payers_per_mille: int
    """How many of a thousand people who pay by slip are in it."""


INCOME_LEVELS: Final = (
    IncomeLevel(30, 190),
    IncomeLevel(40, 80),
    IncomeLevel(65, 70),
    IncomeLevel(85, 110),
    IncomeLevel(100, 90),
    IncomeLevel(110, 110),
    IncomeLevel(120, 120),
    IncomeLevel(140, 80),
    IncomeLevel(160, 50),
    IncomeLevel(180, 30),
    IncomeLevel(210, 20),
    IncomeLevel(240, 20),
    IncomeLevel(280, 15),
    IncomeLevel(320, 10),
    IncomeLevel(350, 5),
)
"""Fifteen levels, as wards of this size have; rates and shares are our assumptions."""
_UP_TO: Final = tuple(accumulate(level.payers_per_mille for level in INCOME_LEVELS))


BASE_PREMIUM_PER_MONTH: Final = 6_200
"""基準額 of the generated fiscal year, in yen."""
HIGHEST_BASE_PER_MONTH: Final = 60_000
"""Above it, instalments of the highest level would exceed the barcode's limit."""


def generate_assessments(
    seed: int, payers: int, levy_year: int, base_per_month: int = BASE_PREMIUM_PER_MONTH
) -> list[Assessment]:
    """What each of `payers` people owes for a levy year; a person's amount does not depend on the number of others.

    Amounts are multiples of ¥100, and every instalment can have a barcode. Raises `ValueError` for a base above that.
    """
    if not 0 < base_per_month <= HIGHEST_BASE_PER_MONTH:
        raise ValueError(f"base_per_month must be 1 to {HIGHEST_BASE_PER_MONTH:,} yen, not {base_per_month:,}")
    return [
        Assessment(
            insured_number=f"{number:010d}",
            levy_year=levy_year,
            annual_amount=annual_premium(_level(seed, levy_year, number), base_per_month),
        )
        for number in range(1, payers + 1)
    ]


def annual_premium(level: IncomeLevel, base_per_month: int) -> int:
    """年額: the level's share of twelve months' base premium, rounded down to a multiple of ¥100."""
    return base_per_month * 12 * level.percent // 100 // 100 * 100


def _level(seed: int, levy_year: int, number: int) -> IncomeLevel:
    return INCOME_LEVELS[bisect_right(_UP_TO, _drawn(f"{seed}/{levy_year}/{number}"))]


def _drawn(what: str) -> int:
    """A number from 0 to 999, determined by the text alone."""
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
    """What each of `payers` people owes for a levy year and charge type."""
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
