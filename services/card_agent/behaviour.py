"""The simulated card companies' published test cards: pure. A card's number chooses its outcome.

The numbers are built, not issued: a brand's leading digits, zeros, two digits for the outcome, Luhn's check digit.
Any other number that is a card's of an accepted brand is approved within the limit [credit_limit] while it is valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts.vocabulary import Brand
from services.card_agent.domain.card import brand_of
from services.card_agent.domain.issuer import Outcome


@dataclass(frozen=True, slots=True)
class PublishedCard:
    """A test card, to be typed with any expiry of the future."""

    number: str
    brand: Brand
    outcome: Outcome
    story: str


_STORIES: Final[Mapping[Outcome, str]] = {
    Outcome.APPROVED: "approved at once, within the limit [credit_limit]",
    Outcome.EXPIRED: "declined card_expired, whatever the expiry typed",
    Outcome.OVER_LIMIT: "declined over_limit, whatever the amount: nothing is left of its limit",
    Outcome.LOST: "declined card_lost: reported lost or stolen",
    Outcome.ISSUER_DOWN: "declined issuer_unavailable: the card company cannot be reached",
    Outcome.TIMEOUT: "the card company never answers: the provider gives up and has it reversed",
    Outcome.LATE_APPROVAL: "the card company answers late [late_answer_seconds]: what the provider gave up is undone",
    Outcome.WITHDRAWN: "approved and taken on; the next day at 10:00 JST the card company revokes the sale (売上取消)",
}
_NUMBERS: Final[Mapping[Outcome, tuple[str, ...]]] = {
    Outcome.APPROVED: (
        "4000000000000002",
        "5200000000000007",
        "3530000000000003",
        "370000000000002",
        "36000000000008",
    ),
    Outcome.EXPIRED: ("4000000000000010", "5200000000000015", "3530000000000011"),
    Outcome.OVER_LIMIT: ("4000000000000028", "5200000000000023", "3530000000000029"),
    Outcome.LOST: ("4000000000000036", "5200000000000031", "3530000000000037"),
    Outcome.ISSUER_DOWN: ("4000000000000044", "5200000000000049", "3530000000000045"),
    Outcome.TIMEOUT: ("4000000000000051", "5200000000000056", "3530000000000052"),
    Outcome.LATE_APPROVAL: ("4000000000000069", "5200000000000064", "3530000000000060"),
    Outcome.WITHDRAWN: ("4000000000000077", "5200000000000072", "3530000000000078"),
}

TEST_CARDS: Final[Mapping[str, PublishedCard]] = {
    number: PublishedCard(number, brand, outcome, _STORIES[outcome])
    for outcome, numbers in _NUMBERS.items()
    for number in numbers
    if (brand := brand_of(number)) is not None
}
"""By number."""


def outcome_of(digits: str) -> Outcome:
    """What becomes of a card with this number."""
    published = TEST_CARDS.get(digits)
    return Outcome.APPROVED if published is None else published.outcome
