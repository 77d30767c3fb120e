"""What slips say and when they fall due: the ward's terms of each charge type (科目), and what all slips share."""

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
    """科目 in the slip number; no other charge type has it, so that slip numbers never meet."""
    months: tuple[int, ...]
    """Months (1 to 12) at whose end the instalments (期別) fall due, from April on."""
    instalment_unit: int
    """Instalments are whole in so many yen; what remains is on the first (端数は初回)."""
    arrears_rule: str
    """The name of the rule by which arrears (延滞金) are reckoned."""


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
        """The terms of one charge type."""
        return self.charges[charge_type]
