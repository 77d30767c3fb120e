"""Whether a slip can be paid in the app now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.vocabulary import JST, Refusal, business_date
from services.payment_provider.domain.payment import STANDING, UNDER_WAY, Payment

MIDNIGHT: Final = time(0)


@dataclass(frozen=True, slots=True)
class SlipRules:
    """Which slips can be paid; each field is a setting."""

    issuers: Sequence[str]
    """Issuer company codes under contract."""
    century: int = barcode.CENTURY
    """The first of the hundred years that a use-by date's two digits can mean."""
    use_by_until: time = MIDNIGHT
    """Japan time at which a slip's last day ends in the app; midnight for the whole day."""

    def day_in_app(self, now: datetime) -> date:
        """The day that a use-by date is compared with: the next one from `use_by_until` on."""
        day = business_date(now)
        is_over = self.use_by_until != MIDNIGHT and now.astimezone(JST).time() >= self.use_by_until
        return day + timedelta(days=is_over)


def read_slip(text: str, rules: SlipRules, now: datetime) -> Barcode | Refusal:
    """The slip of a scanner's text, or why it cannot be paid in the app."""
    code = barcode.decode(text, rules.century)
    if isinstance(code, Refusal):
        return code
    return refuse_issuer(code.issuer, rules.issuers) or barcode.refusal_of(code, rules.day_in_app(now)) or code


def refuse_issuer(issuer: str, issuers: Collection[str]) -> Refusal | None:
    """Refuses a slip of an issuer without a contract."""
    if issuer in issuers:
        return None
    return Refusal(
        "issuer_unknown",
        f"issuer company code {issuer} has no contract with this provider",
        f"scan a slip of an issuer under contract: {', '.join(sorted(issuers))}",
    )


def refuse_second_payment(earlier: Payment | None) -> Refusal | None:
    """Refuses a slip that was paid in the app, or is being paid; `earlier` is its last payment in the app.

    The app does not know of payments at a till or a counter: the payer still has the paper, and may pay it twice
    (二重納付).
    """
    if earlier is None:
        return None
    if earlier.status in STANDING:
        return Refusal(
            "slip_already_paid",
            f"slip {earlier.slip_number} was paid in this app as payment {earlier.payment_id}",
            "nothing more is to be paid on this slip; do not pay it elsewhere either",
        )
    if earlier.status in UNDER_WAY:
        return Refusal(
            "payment_in_progress",
            f"payment {earlier.payment_id} of slip {earlier.slip_number} has not ended yet",
            "wait for its end, which comes within a minute",
        )
    return None
