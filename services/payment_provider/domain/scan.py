"""May this slip be paid in the app now?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.vocabulary import JST, Refusal, business_date
from services.payment_provider.domain.payment import TAKEN, UNDER_WAY, Payment

MIDNIGHT: Final = time(0)


@dataclass(frozen=True, slots=True)
class SlipRules:
    """Which slips are taken; each field is a setting."""

    issuers: Sequence[str]
    """Issuer company codes under contract."""
    century: int = barcode.CENTURY
    """The first of the hundred years that the two digits of a use-by date can mean."""
    use_by_until: time = MIDNIGHT
    """The hour, in Japan, at which a slip's last day ends in the app; midnight for the whole day."""

    def day_in_app(self, now: datetime) -> date:
        """The day that a use-by date is compared with: from `use_by_until` on, the next one."""
        day = business_date(now)
        is_over = self.use_by_until != MIDNIGHT and now.astimezone(JST).time() >= self.use_by_until
        return day + timedelta(days=is_over)


def read_slip(text: str, rules: SlipRules, now: datetime) -> Barcode | Refusal:
    """The slip behind what a scanner gave, or why it cannot be paid in the app."""
    code = barcode.decode(text, rules.century)
    if isinstance(code, Refusal):
        return code
    return refuse_issuer(code.issuer, rules.issuers) or barcode.refusal_of(code, rules.day_in_app(now)) or code


def refuse_issuer(issuer: str, issuers: Collection[str]) -> Refusal | None:
    """Refuses a slip of an issuer for whom nothing is collected."""
    if issuer in issuers:
        return None
    return Refusal(
        "issuer_unknown",
        f"issuer company code {issuer} has no contract with this provider",
        f"scan a slip of an issuer under contract: {', '.join(sorted(issuers))}",
    )


def refuse_taken(earlier: Payment | None) -> Refusal | None:
    """Refuses a slip that the app has taken, or is about to; `earlier` is its last payment in the app.

    What was paid at a till or a counter the app does not know: the paper stays with the payer, who may pay it again
    (二重納付).
    """
    if earlier is None:
        return None
    if earlier.status in TAKEN:
        return Refusal(
            "slip_already_paid",
            f"slip {earlier.slip_number} was paid in this app as payment {earlier.payment_id}",
            "nothing more is to be paid on this slip; throw the paper away",
        )
    if earlier.status in UNDER_WAY:
        return Refusal(
            "payment_in_progress",
            f"payment {earlier.payment_id} of slip {earlier.slip_number} has not ended yet",
            "wait for its end; it is told within a minute",
        )
    return None
