"""The charge types (科目) that the contract covers: what the ward and the payment provider both know of each. Pure.

Digits and issuer company codes are assumptions of ours, and defaults of settings: the ward's `charge_digits` and
`issuer_codes`, the provider's `issuers`. Each charge type has an issuer company code of its own, so that the provider
knows a slip's charge type, hence its fees, without reading the ward's part of the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.vocabulary import ChargeType


class Charge(NamedTuple):
    """One 科目."""

    japanese: str
    english: str
    digit: str
    """科目 in the slip number: 1 digit."""
    issuer_code: str
    """請求書発行企業コード: 6 digits."""


CHARGES: Final[Mapping[ChargeType, Charge]] = {
    ChargeType.CARE_INSURANCE: Charge("介護保険料", "long-term-care insurance premium", "1", "912345"),
    ChargeType.RESIDENT_TAX: Charge("特別区民税・都民税", "resident tax", "2", "912346"),
    ChargeType.LIGHT_VEHICLE_TAX: Charge("軽自動車税", "light vehicle tax", "3", "912347"),
    ChargeType.HEALTH_INSURANCE: Charge("国民健康保険料", "health insurance premium", "4", "912348"),
}
