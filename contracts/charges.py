"""The charge types (科目) that the contract covers: one record each. Pure.

Everything except the names is our assumption, and a default of settings: the ward's `charge_digits`, `issuer_codes`,
`instalment_months`, `instalment_units`, `arrears_rules` and `offices`, the provider's `issuers`. Each charge type has
its own issuer company code, so that the provider can derive a slip's charge type, and from it the fees, without reading
the ward's part of the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.calendar import PREMIUM_MONTHS
from contracts.vocabulary import ChargeType


class Charge(NamedTuple):
    """One 科目."""

    japanese: str
    english: str
    digit: str
    """科目 in the slip number: 1 digit."""
    issuer_code: str
    """請求書発行企業コード: 6 digits."""
    instalment_months: tuple[int, ...]
    """Months at whose end the instalments (期別) fall due, in order from April."""
    arrears_rule: str
    """The rule by which arrears (延滞金) are computed: a name in the ward's setting `arrears_early_months`."""
    office: str
    """お問い合わせ先 on a printed slip."""
    instalment_unit: int = 100
    """Yen: instalments are multiples of it; the remainder is added to the first (端数は初回)."""


CHARGES: Final[Mapping[ChargeType, Charge]] = {
    ChargeType.CARE_INSURANCE: Charge(
        "介護保険料", "long-term-care insurance premium", "1", "912345", PREMIUM_MONTHS, "care_insurance", "介護保険課"
    ),
    ChargeType.RESIDENT_TAX: Charge(
        "特別区民税・都民税", "resident tax", "2", "912346", (6, 8, 10, 1), "local_tax", "税務課", instalment_unit=1_000
    ),
    ChargeType.LIGHT_VEHICLE_TAX: Charge("軽自動車税", "light vehicle tax", "3", "912347", (5,), "local_tax", "税務課"),
    ChargeType.HEALTH_INSURANCE: Charge(
        "国民健康保険料",
        "health insurance premium",
        "4",
        "912348",
        (6, 7, 8, 9, 10, 11, 12, 1, 2, 3),
        "health_insurance",
        "医療保険年金課",
    ),
}
