"""The payers' cards: made-up numbers, and the brand of a number."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from contracts.vocabulary import Brand
from services.chassis.identity import Chance, chance

_PREFIXES = (
    (Brand.VISA, "4992", 16),
    (Brand.MASTERCARD, "5512", 16),
    (Brand.JCB, "3540", 16),
    (Brand.AMEX, "3702", 15),
)


@cache
def card_number(seed: int, insured_number: str) -> str:
    """The made-up card of a payer, with a valid check digit (Luhn). The same for the same arguments."""
    draw = chance(seed, "card", insured_number)
    _, prefix, length = draw.choices(_PREFIXES, weights=(45, 25, 25, 5))[0]
    body = prefix + "".join(_digits(draw, length - len(prefix) - 1))
    return body + luhn_digit(body)


def _digits(draw: Chance, count: int) -> Iterator[str]:
    return (str(draw.randrange(10)) for _ in range(count))


def luhn_digit(body: str) -> str:
    """The check digit of a card number (ISO/IEC 7812-1, Annex B)."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        n = int(digit) * (2 if place % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    return str(-total % 10)


def brand_of(number: str) -> Brand | None:
    """The brand by leading digits, by which an app chooses the agent; None if unknown."""
    two, three, four = (int(number[:n] or 0) for n in (2, 3, 4))
    if number.startswith("4"):
        return Brand.VISA
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return Brand.MASTERCARD
    if 3528 <= four <= 3589:
        return Brand.JCB
    if two in (34, 37):
        return Brand.AMEX
    if two in (36, 38) or 300 <= three <= 305:
        return Brand.DINERS
    return None
