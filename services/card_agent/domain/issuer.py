"""The card company (カード会社) of a card: whether it answers, when, and what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from contracts.vocabulary import Brand, DeclineReason, Yen, business_date, on_the_clock
from services.card_agent.domain.card import Expiry


class Outcome(StrEnum):
    """What the card company does with a card; a test card's number chooses it."""

    APPROVED = "approved"  # 承認 within limit and validity, as every ordinary card
    EXPIRED = "expired"  # 有効期限切れ, whatever the expiry typed
    OVER_LIMIT = "over_limit"  # 利用限度額超過, whatever the amount
    LOST = "lost"  # 紛失・盗難
    ISSUER_DOWN = "issuer_down"  # カード会社応答不可
    TIMEOUT = "timeout"  # never answers
    LATE_APPROVAL = "late_approval"  # answers after `Issuer.answers_late_by`
    WITHDRAWN = "withdrawn"  # 売上取消: approves, and revokes the sale the next day


_ALWAYS_DECLINED: Final[Mapping[Outcome, DeclineReason]] = {
    Outcome.LOST: DeclineReason.CARD_LOST,
    Outcome.ISSUER_DOWN: DeclineReason.ISSUER_UNAVAILABLE,
    Outcome.EXPIRED: DeclineReason.CARD_EXPIRED,
    Outcome.OVER_LIMIT: DeclineReason.OVER_LIMIT,
}


class Card(NamedTuple):
    """A card as the card company knows it; its number is not stored."""

    card_token: str
    account_id: str
    brand: Brand
    last4: str
    expiry: Expiry
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Approved:
    """与信承認: the amount is held against the limit."""


@dataclass(frozen=True, slots=True)
class Declined:
    """与信否認."""

    reason: DeclineReason


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The card company has not answered; it does at `until`, or never if that is None."""

    until: datetime | None


Verdict = Approved | Declined | Unanswered


@dataclass(frozen=True, slots=True)
class Issuer:
    """The simulated card companies of one agent."""

    brands: Collection[Brand]
    credit_limit: Yen
    answers_late_by: timedelta
    revokes_at: time
    """Japan time, on the next day."""

    def ask(self, card: Card | None, brand: Brand, amount: Yen, held: Yen, now: datetime) -> Verdict:
        """与信照会: may this card pay `amount`, with `held` yen held on it? `brand` is what the request says."""
        if card is None:
            return Declined(DeclineReason.UNKNOWN_CARD)
        if card.brand is not brand or card.brand not in self.brands:
            return Declined(DeclineReason.BRAND_NOT_ACCEPTED)
        if card.outcome is Outcome.TIMEOUT:
            return Unanswered(until=None)
        if card.outcome is Outcome.LATE_APPROVAL:
            return Unanswered(until=now + self.answers_late_by)
        return self.answer(card, amount, held, now)

    def answer(self, card: Card, amount: Yen, held: Yen, now: datetime) -> Approved | Declined:
        """The answer: expiry and limit count at the moment of the answer."""
        always = _ALWAYS_DECLINED.get(card.outcome)
        if always is not None:
            return Declined(always)
        if card.expiry.is_over(now):
            return Declined(DeclineReason.CARD_EXPIRED)
        if held + amount > self.credit_limit:
            return Declined(DeclineReason.OVER_LIMIT)
        return Approved()

    def revokes_sale_at(self, outcome: Outcome, accepted_at: datetime) -> datetime | None:
        """売上取消: when the card company revokes the sale; None for never."""
        if outcome is not Outcome.WITHDRAWN:
            return None
        return on_the_clock(business_date(accepted_at) + timedelta(days=1), self.revokes_at)
