"""The texts of a printed slip."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.charges import CHARGES
from contracts.formats import barcode as barcode_format
from contracts.formats.barcode import Barcode
from contracts.vocabulary import BARCODE_LIMIT, business_date
from services.chassis.paper.eras import japanese_date, japanese_fiscal_year
from services.ward.store.rows import StoredSlip

NO_BARCODE: Final = (
    f"金額が{BARCODE_LIMIT:,}円を超えるため、",
    "バーコードは印字しません。",
    "金融機関または区の窓口でお支払いください。",
)
NO_BARCODE_ENGLISH: Final = f"Above ¥{BARCODE_LIMIT:,} no barcode is printed: pay at a bank or the ward's counter."
ADVICE: Final = (
    "お支払い後もこの納付書はお手元に残ります。二重にお支払いにならないようご注意ください。",
    "納期限を過ぎると、延滞金がかかることがあります。金額を訂正したものは使用できません。",
)
ADVICE_ON_BARCODE: Final = (
    "スマートフォンアプリで、クレジットカードかインターネットバンキングにより納付できます。",
    "バーコードは支払期限まで使用できます。読み取れないときは、再発行をお申し出ください。",
)


@dataclass(frozen=True, slots=True)
class SlipText:
    """All texts that are printed of one slip."""

    charge: str
    charge_english: str
    fiscal_year: str
    instalment: str
    amount: int
    due_on: str
    use_by: str
    slip_number: str
    insured_number: str
    municipality: str
    payee: str
    office: str
    issued_on: str
    printed_at: datetime
    digits: str | None
    """The barcode's 44 digits; None if none is printed."""
    human_readable: tuple[str, ...]
    """The two lines below the bars."""

    @property
    def advice(self) -> tuple[str, ...]:
        return ADVICE if self.digits is None else (*ADVICE_ON_BARCODE, *ADVICE)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all slips of a charge type (科目) have in common."""

    municipality: str
    payee: str
    office: str
    instalments: int
    """Number of instalments in a year."""


def slip_text(slip: StoredSlip, letterhead: Letterhead) -> SlipText:
    """The texts of a slip. The amount is the barcode's, if there is one: on a reissued slip, the amount still owed."""
    charge = CHARGES[slip.charge_type]
    code = None if slip.barcode is None else barcode_format.decode(slip.barcode)
    assert code is None or isinstance(code, Barcode), "the ward's own barcodes can be read"
    printed_at = slip.reissued_at or slip.issued_at
    issued_on = japanese_date(business_date(printed_at))
    return SlipText(
        charge=charge.japanese,
        charge_english=charge.english,
        fiscal_year=japanese_fiscal_year(slip.levy_year),
        instalment=instalment_name(slip.instalment, letterhead.instalments),
        amount=slip.amount if code is None else code.amount,
        due_on=japanese_date(slip.due_on),
        use_by="－" if code is None else "なし" if code.use_by is None else japanese_date(code.use_by),
        slip_number=grouped(slip.slip_number),
        insured_number=slip.insured_number,
        municipality=letterhead.municipality,
        payee=letterhead.payee,
        office=letterhead.office,
        issued_on=f"{issued_on}（再発行{slip.reissue}回目）" if slip.reissue else issued_on,
        printed_at=printed_at,
        digits=slip.barcode,
        human_readable=() if code is None else tuple(code.human_readable().split("\n")),
    )


def instalment_name(number: int, instalments: int) -> str:
    """第1期; 全期 if the year has only one; 随時 outside the calendar."""
    if number > instalments:
        return "随時"
    return "全期" if instalments == 1 else f"第{number}期"


def grouped(slip_number: str) -> str:
    """The 21 digits in groups: 企業コード, 科目と年度, 通知書番号, 期別と徴収区分."""
    return " ".join((slip_number[:5], slip_number[5:8], slip_number[8:18], slip_number[18:]))
