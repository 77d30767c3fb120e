"""How an annual premium is divided into instalments (期別), and what the slip of each one says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from contracts.calendar import due_dates, end_of_month
from contracts.formats.barcode import Barcode
from contracts.formats.slip_number import SlipReference
from contracts.vocabulary import BARCODE_LIMIT, Refusal, SlipNumber, Yen

INSTALMENTS: Final = 9
"""普通徴収: July to March."""
LAST_INSTALMENT: Final = 99
APRIL: Final = 4


@dataclass(frozen=True, slots=True)
class SlipTerms:
    """What every slip of this ward has in common; each field is a setting."""

    issuer_code: str
    agency_code: str
    charge_type: str
    collection_kind: str
    use_by_months: int | None
    instalment_unit: int
    special_instalments_from: int


@dataclass(frozen=True, slots=True)
class Slip:
    """納付書: one instalment of one person's premium, as issued."""

    slip_number: SlipNumber
    insured_number: str
    levy_year: int
    instalment: int
    amount: int
    due_on: date
    """納期限"""
    use_by: date | None
    """支払期限: until when the barcode can be used; None for ever."""
    barcode: str | None
    """None above ¥300,000, where none is printed."""


def split_amount(annual_amount: int, unit: int) -> tuple[int, ...]:
    """Nine amounts that add up to the year's: equal, whole in `unit` yen, the remainder on the first (端数は初回)."""
    each = annual_amount // INSTALMENTS // unit * unit
    return (annual_amount - each * (INSTALMENTS - 1), *[each] * (INSTALMENTS - 1))


def instalment_slips(insured_number: str, levy_year: int, annual_amount: int, terms: SlipTerms) -> Sequence[Slip]:
    """The year's slips. An instalment of 0 yen, as a tiny premium has, is not issued."""
    amounts = split_amount(annual_amount, terms.instalment_unit)
    return [
        make_slip(SlipSubject(insured_number, levy_year, number), amount, due_on, terms)
        for number, (amount, due_on) in enumerate(zip(amounts, due_dates(levy_year), strict=True), 1)
        if amount
    ]


@dataclass(frozen=True, slots=True)
class SlipSubject:
    """Whose slip, and which one."""

    insured_number: str
    levy_year: int
    instalment: int


def make_slip(subject: SlipSubject, amount: int, due_on: date, terms: SlipTerms) -> Slip:
    """One slip. The notice number (通知書番号) is the insured person's number."""
    slip_number = SlipReference(
        agency_code=terms.agency_code,
        charge_type=terms.charge_type,
        levy_year=subject.levy_year,
        notice_number=subject.insured_number,
        instalment=subject.instalment,
        collection_kind=terms.collection_kind,
    ).slip_number
    use_by = None if terms.use_by_months is None else months_after(due_on, terms.use_by_months)
    printed = amount <= BARCODE_LIMIT
    return Slip(
        slip_number=slip_number,
        insured_number=subject.insured_number,
        levy_year=subject.levy_year,
        instalment=subject.instalment,
        amount=amount,
        due_on=due_on,
        use_by=use_by,
        barcode=Barcode(terms.issuer_code, slip_number, 0, use_by, Yen(amount)).digits if printed else None,
    )


def next_special_instalment(used: Iterable[int], first: int) -> int | Refusal:
    """The number of the next slip outside the calendar (随時); they are counted from `first` per person and year."""
    number = max((n for n in used if n >= first), default=first - 1) + 1
    if number <= LAST_INSTALMENT:
        return number
    return Refusal(
        "slip_numbers_exhausted",
        f"instalment numbers {first} to {LAST_INSTALMENT} of this person and levy year are all in use",
        "combine what is owed into fewer slips, or levy it in another year",
    )


def levy_year_of(due_on: date) -> int:
    """賦課年度 of a slip outside the calendar: the fiscal year, April to March, in which it is due."""
    return due_on.year if due_on.month >= APRIL else due_on.year - 1


def months_after(day: date, months: int) -> date:
    """The same day `months` months later; the month's last day where it lacks that one, or `day` is a last day."""
    last = end_of_month(day.year, day.month + months)
    was_last = (day + timedelta(days=1)).day == 1
    return last if was_last or day.day > last.day else last.replace(day=day.day)
