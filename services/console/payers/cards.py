"""The payers' cards: made-up numbers."""

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
