"""What slips say and when they are due: the ward's terms of each charge type (科目), and those of all slips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.vocabulary import ChargeType


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """科目: one charge type's terms; each field is a setting."""

    charge_type: ChargeType
    issuer_code: str
    """請求書発行企業コード: 6 digits."""
    digit: str
    """科目 in the slip number; no other charge type has it, so slip numbers never collide."""
    months: tuple[int, ...]
    """Months (1 to 12) at whose end instalments (期別) are due, from April on."""
    instalment_unit: int
    """Instalments are multiples of this many yen; the remainder is on the first (端数は初回)."""
    arrears_rule: str
    """The name of the rule by which arrears (延滞金) are calculated."""


@dataclass(frozen=True, slots=True)
class SlipTerms:
    """What every slip of this ward has in common; each field is a setting."""

    agency_code: str
    collection_kind: str
    slip_number_order: tuple[str, ...]
    """How the issuer's own 16 digits of the free area (自由使用欄) are divided."""
    use_by_months: int | None
    reissue_use_by_months: int
    special_instalments_from: int
    charges: Mapping[ChargeType, ChargeTerms]

    def of(self, charge_type: ChargeType) -> ChargeTerms:
        return self.charges[charge_type]
