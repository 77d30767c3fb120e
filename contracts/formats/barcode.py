"""The slip's barcode: GS1-128, application identifier (91), 44 digits (標準料金代理収納バーコード).

| pos   | len | field                                                                     |
|-------|-----|---------------------------------------------------------------------------|
| 1–2   | 2   | application identifier, `91`                                              |
| 3–8   | 6   | issuer company code (請求書発行企業コード)                                 |
| 9–29  | 21  | free area (自由使用欄): see `contracts.formats.slip_number`                 |
| 30    | 1   | reissue count (再発行区分)                                                 |
| 31–36 | 6   | use-by date (支払期限) YYMMDD, `999999` = none                             |
| 37    | 1   | stamp-duty flag (印紙フラグ): 0, or 1 on some private bills                 |
| 38–43 | 6   | amount (金額), yen                                                         |
| 44    | 1   | check digit (チェックデジット)                                             |

`decode` checks whether a text is such a barcode; `refusal_of` checks whether the app may take the slip on a given day.
A well-formed barcode of a private bill decodes and is then refused.

Source: GS1 Japan 標準料金代理収納ガイドライン. The century of YY is our assumption: `century` is the first of the
hundred years that two digits can mean (2000: 2000–2099; 1970: 1970–2069).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from contracts.vocabulary import BARCODE_LIMIT, Refusal, SlipNumber, Yen

IDENTIFIER: Final = "91"
LENGTH: Final = 44
NO_USE_BY: Final = "999999"
CENTURY: Final = 2000

GROUP_SEPARATOR: Final = "\x1d"
"""The character that a scanner sends for FNC1."""
SYMBOLOGY_IDENTIFIER: Final = "]C1"
"""The prefix that a scanner may send before the data of a GS1-128 symbol (ISO/IEC 15424)."""

_ZERO: Final = ord("0")
_PARENTHESISED = re.compile(r"\((\d{2,4})\)(.*)", re.ASCII | re.DOTALL)


def _is_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def check_digit(first43: str) -> str:
    """The 44th digit for the 43 before it: weights 3, 1, 3, 1 … from the right, complement to ten.

    Raises `ValueError` if `first43` is not 43 digits.
    """
    if not _is_digits(first43, LENGTH - 1):
        raise ValueError(f"a check digit is computed from 43 digits, not from {first43!r}")
    threefold, single = first43[::2].encode(), first43[1::2].encode()
    weighted = 3 * (sum(threefold) - _ZERO * len(threefold)) + sum(single) - _ZERO * len(single)
    return str(-weighted % 10)


@dataclass(frozen=True, slots=True)
class Barcode:
    """The fields of a slip's barcode: always well-formed, not always payable (`refusal_of`).

    Raises `ValueError` for a value that does not fit into its digits.
    """

    issuer: str
    """請求書発行企業コード: 6 digits."""
    free_area: SlipNumber
    """自由使用欄: 21 digits."""
    reissue: int
    """再発行区分: 0–9."""
    use_by: date | None
    """支払期限: the last day on which the slip can be paid, a date in Japan; None if there is no limit."""
    amount: Yen
    """Yen, 0–999,999."""
    stamp_duty: bool = False
    """印紙フラグ: never set on public bills."""

    def __post_init__(self) -> None:
        if not _is_digits(self.issuer, 6):
            raise ValueError(f"issuer must be 6 digits, not {self.issuer!r}")
        if not _is_digits(self.free_area, 21):
            raise ValueError(f"free_area must be 21 digits, not {self.free_area!r}")
        if not 0 <= self.reissue <= 9:
            raise ValueError(f"reissue must be 0 to 9, not {self.reissue}")
        if not 0 <= self.amount <= 999_999:
            raise ValueError(f"amount must be 0 to 999,999 yen, not {self.amount}")

    @property
    def digits(self) -> str:
        """The 44 digits, including the check digit."""
        first43 = (
            f"{IDENTIFIER}{self.issuer}{self.free_area}{self.reissue}"
            f"{_use_by_digits(self.use_by)}{int(self.stamp_duty)}{self.amount:06d}"
        )
        return first43 + check_digit(first43)

    def human_readable(self) -> str:
        """The two lines printed under the bars."""
        return in_two_lines(self.digits)


def in_two_lines(digits: str) -> str:
    """The 44 digits of a barcode as printed: `(91)issuer-area and reissue` / `date-stamp-amount-check`."""
    d = digits
    return f"(91){d[2:8]}-{d[8:30]}\n{d[30:36]}-{d[36]}-{d[37:43]}-{d[43]}"


def decode(text: str, century: int = CENTURY) -> Barcode | Refusal:
    """Read a barcode from its 44 digits, from what a scanner sends, or from the two printed lines.

    Accepted around and between the digits: white space, hyphens, `]C1` and FNC1 in front, FNC1 at the end,
    parentheses around the identifier. Any other text returns a named refusal; no text raises.
    """
    identifier, digits = _digits_of(text)
    return _format_refusal(identifier, digits) or _fields(digits, century)


def refusal_of(barcode: Barcode, on: date) -> Refusal | None:
    """Why the app cannot take a slip with this barcode on the business date `on`; None if it can."""
    if barcode.stamp_duty:
        return Refusal(
            "barcode_stamp_duty",
            "the stamp-duty flag (印紙フラグ) is set; public bills never have it",
            "scan a slip (納付書) of the ward; this is a private bill",
        )
    if barcode.amount == 0:
        return Refusal("barcode_zero_amount", "the amount is 0 yen", "there is nothing to pay on this slip")
    if barcode.amount > BARCODE_LIMIT:
        return Refusal(
            "barcode_over_limit",
            f"the amount is {barcode.amount:,} yen; the limit is {BARCODE_LIMIT:,} yen",
            "pay at a bank or a ward counter (窓口), or ask for slips with smaller instalments",
        )
    if barcode.use_by is not None and on > barcode.use_by:
        return Refusal(
            "slip_past_use_by",
            f"the use-by date (支払期限) was {barcode.use_by}; today is {on}",
            "ask the ward for a new slip, or pay at its counter (窓口)",
        )
    return None


def _use_by_digits(use_by: date | None) -> str:
    if use_by is None:
        return NO_USE_BY
    return f"{use_by.year % 100:02d}{use_by.month:02d}{use_by.day:02d}"


def _use_by_date(digits: str, century: int) -> date | None:
    """Raises `ValueError` if the six digits are not a calendar date."""
    if digits == NO_USE_BY:
        return None
    year = century + (int(digits[:2]) - century) % 100
    return date(year, int(digits[2:4]), int(digits[4:]))


def _digits_of(text: str) -> tuple[str | None, str]:
    """The identifier if it is in parentheses (else None), and the text without separators and scanner prefixes."""
    if _is_digits(text, LENGTH):
        return None, text
    bare = text.strip().removeprefix(SYMBOLOGY_IDENTIFIER).strip()
    identifier = None
    if parenthesised := _PARENTHESISED.fullmatch(bare):
        identifier, rest = parenthesised.groups()
        bare = identifier + rest
    lines = bare.split(GROUP_SEPARATOR)  # str.split() alone would treat an FNC1 between two elements as a space
    return identifier, GROUP_SEPARATOR.join("".join(line.split()).replace("-", "") for line in lines)


def _format_refusal(identifier: str | None, digits: str) -> Refusal | None:
    """The first check that the text fails as a whole, before its fields are read; None if it passes."""
    if not digits:
        return Refusal("barcode_empty", "the barcode is empty", "scan the barcode of the slip (納付書)")
    if not (digits.isascii() and digits.isdigit()):
        wrong = next(c for c in digits if not ("0" <= c <= "9"))
        return Refusal(
            "barcode_not_digits",
            f"{wrong!r} is not a digit from 0 to 9",
            "send the 44 half-width digits (半角), as scanned or with the printed separators",
        )
    if identifier not in (None, IDENTIFIER) or (len(digits) == LENGTH and digits[:2] != IDENTIFIER):
        return Refusal(
            "barcode_wrong_identifier",
            f"the application identifier is {identifier or digits[:2]}, not 91",
            "scan the GS1-128 barcode of the payment slip (納付書), not another code printed on it",
        )
    if len(digits) != LENGTH:
        return Refusal(
            "barcode_wrong_length",
            f"{len(digits)} digits, not 44",
            "send all 44 digits, including the identifier 91 and the check digit",
        )
    return _check_digit_refusal(digits)


def _check_digit_refusal(digits: str) -> Refusal | None:
    expected = check_digit(digits[:-1])
    if digits[-1] == expected:
        return None
    return Refusal(
        "barcode_check_digit",
        f"the check digit is {digits[-1]}; the 43 digits before it give {expected}",
        "scan again; a slip whose digits were altered by hand cannot be used",
    )


def _fields(digits: str, century: int) -> Barcode | Refusal:
    """The fields of 44 digits whose check digit is right."""
    if digits[36] not in "01":
        return Refusal(
            "barcode_invalid_stamp_flag",
            f"the stamp-duty flag (印紙フラグ) is {digits[36]}",
            "the flag is 0 or 1; on public bills always 0",
        )
    try:
        use_by = _use_by_date(digits[30:36], century)
    except ValueError:
        return Refusal(
            "barcode_invalid_date",
            f"the use-by date (支払期限) {digits[30:36]} is not a calendar date",
            "the date is YYMMDD, or 999999 for no limit",
        )
    return Barcode(
        issuer=digits[2:8],
        free_area=SlipNumber(digits[8:29]),
        reissue=int(digits[29]),
        use_by=use_by,
        amount=Yen(int(digits[37:43])),
        stamp_duty=digits[36] == "1",
    )
