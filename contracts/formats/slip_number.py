"""The ward's own division of a barcode's free area (自由使用欄, 21 digits): which debt a slip is for.

| pos   | len | field                                                                |
|-------|-----|----------------------------------------------------------------------|
| 1–5   | 5   | company code the collecting agency assigned (企業コード)               |
| 6     | 1   | charge type (科目)                                                    |
| 7–8   | 2   | levy year (賦課年度), its last two digits                             |
| 9–18  | 10  | notice number (通知書番号)                                            |
| 19–20 | 2   | instalment (期別)                                                     |
| 21    | 1   | collection kind (徴収区分)                                            |

5 + 16 is the usual split (source: GS1 Japan 標準料金代理収納ガイドライン, makers' manuals); how the 16 divide
is each issuer's own affair, and this division is an assumption of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts.vocabulary import SlipNumber

LENGTH: Final = 21
CENTURY: Final = 2000


def _require_digits(name: str, text: str, length: int) -> None:
    if not (len(text) == length and text.isascii() and text.isdigit()):
        raise ValueError(f"{name} must be {length} digit{'s' * (length > 1)}, not {text!r}")


@dataclass(frozen=True, slots=True)
class SlipReference:
    """One instalment of one notice: what the ward finds a debt by (消込キー).

    Raises `ValueError` for a value that its digits have no room for.
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

    @property
    def slip_number(self) -> SlipNumber:
        """The 21 digits. Levy years a century apart share them."""
        return SlipNumber(
            f"{self.agency_code}{self.charge_type}{self.levy_year % 100:02d}{self.notice_number}"
            f"{self.instalment:02d}{self.collection_kind}"
        )

    @classmethod
    def parse(cls, slip_number: str, century: int = CENTURY) -> SlipReference:
        """Divide the 21 digits. `century` is the first of the hundred years that two digits can mean.

        Raises `ValueError` where `slip_number` is not 21 digits; any 21 digits can be divided.
        """
        _require_digits("slip number", slip_number, LENGTH)
        return cls(
            agency_code=slip_number[:5],
            charge_type=slip_number[5],
            levy_year=century + (int(slip_number[6:8]) - century) % 100,
            notice_number=slip_number[8:18],
            instalment=int(slip_number[18:20]),
            collection_kind=slip_number[20],
        )
