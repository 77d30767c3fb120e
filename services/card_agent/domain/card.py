"""Typed card numbers: checked, then known by keyed hashes only. No refusal contains the typed text."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final, NamedTuple

from contracts.formats.card_number import LENGTHS, brand_of, has_luhn_check_digit
from contracts.vocabulary import Brand, Refusal, business_date

SHORTEST: Final = 12
LONGEST: Final = 19
HASH_DIGITS: Final = 32

_TYPED_BETWEEN_GROUPS: Final = re.compile(r"[ -]")
_EXPIRY: Final = re.compile(r"(0[1-9]|1[0-2])/([0-9]{2})")


class Expiry(NamedTuple):
    """有効期限: a card is valid to the end of this month."""

    year: int
    month: int

    def is_over(self, now: datetime) -> bool:
        today = business_date(now)
        return (self.year, self.month) < (today.year, today.month)


class CardIdentity(NamedTuple):
    """A card without its number. `account_id` names the number, `card_key` the number with its expiry."""

    account_id: str
    card_key: str
    brand: Brand
    last4: str
    expiry: Expiry


def read_number(typed: str) -> str | Refusal:
    """The digits of a number as typed, without spaces and hyphens, or why they are no card's."""
    digits = _TYPED_BETWEEN_GROUPS.sub("", typed)
    if not (digits.isascii() and digits.isdigit()):
        return _wrong_number("it has other characters than digits, spaces and hyphens")
    if not SHORTEST <= len(digits) <= LONGEST:
        return _wrong_number(f"it has {len(digits)} digits; cards have {SHORTEST} to {LONGEST}")
    if not has_luhn_check_digit(digits):
        return _wrong_number("its check digit does not fit the others")
    brand = brand_of(digits)
    if brand is not None and len(digits) not in LENGTHS[brand]:
        return _wrong_number(f"it has {len(digits)} digits, which no {brand.value} card has")
    return digits


def read_expiry(typed: str) -> Expiry | Refusal:
    """MM/YY. A month that is over is no typing mistake: the card company declines it."""
    match = _EXPIRY.fullmatch(typed.strip()) if typed.isascii() else None
    if match is None:
        return Refusal(
            "card_expiry_invalid", "the expiry is not a month and a year", "type it as on the card: MM/YY, as in 09/27"
        )
    return Expiry(2000 + int(match[2]), int(match[1]))


def accepted_brand(digits: str, accepted: Collection[Brand]) -> Brand | Refusal:
    """The brand of a number, if this agent accepts it."""
    brand = brand_of(digits)
    if brand is not None and brand in accepted:
        return brand
    which = "the brand of this number" if brand is None else brand.value
    return Refusal(
        "brand_not_accepted",
        f"{which} is not accepted here; this agent accepts {', '.join(accepted)}",
        "type the card to the agent of its brand, or use another card",
    )


def identity_of(digits: str, expiry: Expiry, brand: Brand, secret: bytes) -> CardIdentity:
    """The card as it is stored: the number goes into keyed hashes and no further."""
    account_id = _keyed_hash(secret, "account", digits)
    card_key = _keyed_hash(secret, "card", digits, f"{expiry.year}-{expiry.month:02}")
    return CardIdentity(account_id, card_key, brand, digits[-4:], expiry)


def typed_hash(typed: Iterable[tuple[str, str]], secret: bytes) -> str:
    """One keyed hash of all numbers and expiries as they were typed, valid or not."""
    return _keyed_hash(secret, "typed", *(part for card in typed for part in card))


def _keyed_hash(secret: bytes, *parts: str) -> str:
    return hmac.digest(secret, "\x1f".join(parts).encode(), hashlib.sha256).hex()[:HASH_DIGITS]


def _wrong_number(why: str) -> Refusal:
    return Refusal("card_number_invalid", f"this is no card number: {why}", "type the digits as they are on the card")
