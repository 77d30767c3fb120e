"""The ward's division of a barcode's free area (自由使用欄, 21 digits), which identifies the slip's debt.

| pos   | len | field                                                                |
|-------|-----|----------------------------------------------------------------------|
| 1–5   | 5   | company code the collecting agency assigned (企業コード)               |
| 6     | 1   | charge type (科目)                                                    |
| 7–8   | 2   | levy year (賦課年度), its last two digits                             |
| 9–18  | 10  | notice number (通知書番号)                                            |
| 19–20 | 2   | instalment (期別)                                                     |
| 21    | 1   | collection kind (徴収区分)                                            |

5 + 16 is the usual split (source: GS1 Japan 標準料金代理収納ガイドライン, makers' manuals). Each issuer divides the 16
as it chooses; this division (`ORDER`) is our assumption. An issuer may order the fields differently, and omit the
collection kind: its digit then goes to the notice number, as a leading zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from contracts.vocabulary import SlipNumber

LENGTH: Final = 21
CENTURY: Final = 2000
WIDTHS: Final[Mapping[str, int]] = {
    "charge_type": 1,
    "levy_year": 2,
    "notice_number": 10,
    "instalment": 2,
    "collection_kind": 1,
}
"""Field → its width among the issuer's 16 digits."""
ORDER: Final = tuple(WIDTHS)
NO_COLLECTION_KIND: Final = "0"
"""The collection kind that is read if the division has none."""
_OWN_DIGITS: Final = 16


def require_order(order: Sequence[str]) -> None:
    """Raises `ValueError` unless `order` names each field once; the collection kind may be omitted."""
    named = {*order} | {"collection_kind"}
    if len({*order}) < len(order) or named != {*WIDTHS}:
        raise ValueError(
            f"the order must name {', '.join(WIDTHS)} once each (collection_kind is optional), not {', '.join(order)}"
        )


@cache
def _places(order: tuple[str, ...]) -> Mapping[str, slice]:
    """Each field's place in the 21 digits; the notice number takes the digits that the others leave.

    Raises `ValueError` for an `order` that `require_order` rejects.
    """
    require_order(order)
    places: dict[str, slice] = {}
    spare = _OWN_DIGITS - sum(WIDTHS[name] for name in order)
    at = LENGTH - _OWN_DIGITS
    for name in order:
        width = WIDTHS[name] + (spare if name == "notice_number" else 0)
        places[name] = slice(at, at + width)
        at += width
    return places


def _require_digits(name: str, text: str, length: int) -> None:
    if not (len(text) == length and text.isascii() and text.isdigit()):
        raise ValueError(f"{name} must be {length} digit{'s' * (length > 1)}, not {text!r}")


@dataclass(frozen=True, slots=True)
class SlipReference:
    """One instalment of one notice: the key by which the ward finds a debt (消込キー).

    Raises `ValueError` for a value that does not fit into its digits.
    """

    agency_code: str
    """企業コード: 5 digits."""
    charge_type: str
    """科目: 1 digit."""
    levy_year: int
    """賦課年度: the year in which the fiscal year begins, e.g. 2021."""
    notice_number: str
    """通知書番号: 10 digits."""
    instalment: int
    """期別: 0–99; 1–9 for a premium paid by slip."""
    collection_kind: str
    """徴収区分: 1 digit."""

    def __post_init__(self) -> None:
        _require_digits("agency_code", self.agency_code, 5)
        _require_digits("charge_type", self.charge_type, 1)
        _require_digits("notice_number", self.notice_number, 10)
        _require_digits("collection_kind", self.collection_kind, 1)
        if not 1000 <= self.levy_year <= 9999:
            raise ValueError(f"levy_year must be a year of four digits, not {self.levy_year}")
        if not 0 <= self.instalment <= 99:
            raise ValueError(f"instalment must be 0 to 99, not {self.instalment}")

    def slip_number(self, order: Sequence[str] = ORDER) -> SlipNumber:
        """The 21 digits; levy years a century apart have the same ones.

        Raises `ValueError` for an `order` that `require_order` rejects.
        """
        places = _places(tuple(order))
        told = {name: str(getattr(self, name)) for name in places} | {"levy_year": f"{self.levy_year % 100:02d}"}
        return SlipNumber(
            self.agency_code + "".join(told[name].zfill(at.stop - at.start) for name, at in places.items())
        )

    @classmethod
    def parse(cls, slip_number: str, century: int = CENTURY, order: Sequence[str] = ORDER) -> SlipReference:
        """Divide the 21 digits. `century` is the first of the hundred years that two digits can mean.

        Raises `ValueError` if `slip_number` is not 21 digits, or if a notice number of 11 digits does not begin with 0.
        """
        _require_digits("slip number", slip_number, LENGTH)
        told = {name: slip_number[at] for name, at in _places(tuple(order)).items()}
        number = told["notice_number"]
        return cls(
            agency_code=slip_number[: LENGTH - _OWN_DIGITS],
            charge_type=told["charge_type"],
            levy_year=century + (int(told["levy_year"]) - century) % 100,
            notice_number=number.removeprefix("0") if len(number) > WIDTHS["notice_number"] else number,
            instalment=int(told["instalment"]),
            collection_kind=told.get("collection_kind", NO_COLLECTION_KIND),
        )
