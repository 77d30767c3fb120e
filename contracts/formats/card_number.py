"""Card numbers: brand, length and check digit, and whether a text has one where none belongs.

Leading digits and lengths as the card schemes publish them (ISO/IEC 7812 issuer identification numbers); the check
digit is Luhn's. Brands that the app does not accept count too when a text is searched: they are cards all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contracts.vocabulary import Brand

LENGTHS: Final[Mapping[Brand, range]] = {
    Brand.VISA: range(13, 20, 3),
    Brand.MASTERCARD: range(16, 17),
    Brand.JCB: range(16, 20),
    Brand.AMEX: range(15, 16),
    Brand.DINERS: range(14, 20),
}
_PREFIXES: Final[tuple[tuple[int, range, Brand], ...]] = (
    (1, range(4, 5), Brand.VISA),
    (2, range(51, 56), Brand.MASTERCARD),
    (4, range(2221, 2721), Brand.MASTERCARD),
    (4, range(3528, 3590), Brand.JCB),
    (2, range(34, 35), Brand.AMEX),
    (2, range(37, 38), Brand.AMEX),
    (2, range(36, 37), Brand.DINERS),
    (2, range(38, 39), Brand.DINERS),
    (3, range(300, 306), Brand.DINERS),
)
_OTHER_BRANDS: Final[tuple[tuple[int, range, range], ...]] = (
    (4, range(6011, 6012), range(16, 20)),  # Discover
    (3, range(644, 660), range(16, 20)),  # Discover
    (2, range(62, 63), range(16, 20)),  # UnionPay
)
"""Length of the prefix, its values, the lengths of the numbers."""
SHORTEST: Final = 13
LONGEST: Final = 19
GROUPS: Final = range(3, 9)
"""Digits of a group: cards are printed in groups of 4, also of 3, 5 and 6. The line under a slip's barcode has groups
of one, a person's number has ten digits."""
NEAR_MISSES: Final = 1_000
"""A text with more numbers than this that lack only the check digit counts as having a card: it bounds the work."""
_DOUBLED: Final = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}
"""Digit → the sum of the digits of its double."""
_RUN: Final = re.compile(r"[0-9][0-9 -]{11,}[0-9]")
_GAP: Final = re.compile(r"[ -]+")
_ID: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"[0-9a-fA-F]{2}-[0-9a-fA-F]{32}-[0-9a-fA-F]{16}-[0-9a-fA-F]{2}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[0-9a-fA-F]{32,}"
    r")(?![0-9A-Za-z])"
)
"""W3C trace context, UUID; a hash or an id of 32 hexadecimal digits or more. By chance they may hold such digits."""
_PLAIN: Final = str.maketrans("０１２３４５６７８９　－‐‑‒–—―−ー", "0123456789 ---------")
"""What an input method (IME) may make of digits, spaces and hyphens."""


def has_luhn_check_digit(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    as_it_is, doubled = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, as_it_is)) + sum(map(_DOUBLED.__getitem__, doubled))) % 10 == 0


def brand_of(digits: str) -> Brand | None:
    """The brand by leading digits; None for one that no agent accepts."""
    for length, numbers, brand in _PREFIXES:
        if int(digits[:length] or 0) in numbers:
            return brand
    return None


def has_card_number(text: str) -> bool:
    """Whether a card number stands in a text: in one piece or in groups, in digits of any width.

    Slip numbers and barcodes are longer; UUIDs, trace ids and hashes are left out.
    """
    plain = text if text.isascii() else text.translate(_PLAIN)
    return _found(plain) and _found(_ID.sub("/", plain))


def _found(text: str) -> bool:
    left = NEAR_MISSES
    for run in _RUN.findall(text):
        for digits in _card_like(_GAP.split(run)):
            left -= 1
            if left < 0 or has_luhn_check_digit(digits):
                return True
    return False


def _card_like(groups: Sequence[str]) -> Iterator[str]:
    """Digits of neighbouring groups that begin like a card and are as long as one."""
    for start, first in enumerate(groups):
        lengths = _lengths(first)
        digits = ""
        for group in groups[start : start + LONGEST // GROUPS[0]] if lengths else ():
            alone = group is first and len(group) >= SHORTEST
            if not (alone or len(group) in GROUPS) or len(digits) + len(group) > LONGEST:
                break
            digits += group
            if any(len(digits) in each for each in lengths):
                yield digits
            if alone:
                break


def _lengths(first: str) -> Sequence[range]:
    """The lengths of cards that begin with these digits."""
    if first[0] not in "23456" or not GROUPS[0] <= len(first) <= LONGEST:
        return ()
    found = [LENGTHS[brand] for length, numbers, brand in _PREFIXES if int(first[:length]) in numbers]
    return found + [lengths for length, numbers, lengths in _OTHER_BRANDS if int(first[:length]) in numbers]
