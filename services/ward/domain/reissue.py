"""再発行: a slip printed again, because the paper was lost or can no longer be used.

It is the same debt, so the slip number stays; the reissue count in the barcode goes up. An earlier barcode still names
the slip and is not revoked: whichever is paid, the slip is paid, and the app that accepted one refuses the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts.vocabulary import ChargeType, Refusal, SlipNumber
from services.ward.domain.charge_terms import SlipTerms
from services.ward.domain.instalments import barcode_digits, months_after

MOST_REISSUES: Final = 9
"""The barcode has one digit for the reissue count."""


@dataclass(frozen=True, slots=True)
class IssuedSlip:
    """The fields of a stored slip that matter to its reissue."""

    slip_number: SlipNumber
    charge_type: ChargeType
    outstanding: int
    """未納額"""
    use_by: date | None
    reissue: int


@dataclass(frozen=True, slots=True)
class Reissue:
    """The fields that change on the paper."""

    reissue: int
    use_by: date | None
    barcode: str | None
    """For the outstanding amount; None above ¥300,000."""


def reissue(slip: IssuedSlip, today: date, terms: SlipTerms) -> Reissue | Refusal:
    """The slip reissued on `today`. Its use-by date is never earlier than before."""
    if slip.outstanding == 0:
        return Refusal(
            "slip_already_paid",
            f"nothing is outstanding on slip {slip.slip_number}",
            "nothing is left to pay on this slip; it needs no new paper",
        )
    if slip.reissue == MOST_REISSUES:
        return Refusal(
            "reissues_exhausted",
            f"slip {slip.slip_number} was reissued {MOST_REISSUES} times, as many as its barcode can count",
            "use the paper at hand, or pay at the ward's counter (窓口)",
        )
    use_by = None
    if terms.use_by_months is not None:
        use_by = max(slip.use_by or today, months_after(today, terms.reissue_use_by_months))
    count, issuer = slip.reissue + 1, terms.of(slip.charge_type).issuer_code
    return Reissue(count, use_by, barcode_digits(issuer, slip.slip_number, count, use_by, slip.outstanding))
