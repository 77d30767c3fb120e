"""How a year's amount is divided into instalments (期別), and what the slip of each says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from contracts.calendar import APRIL, due_dates, end_of_month
from contracts.formats.barcode import Barcode, in_two_lines
from contracts.formats.slip_number import SlipReference
from contracts.vocabulary import BARCODE_LIMIT, ChargeType, Refusal, SlipNumber, Yen
from services.ward.domain.charge_terms import SlipTerms

LAST_INSTALMENT: Final = 99


@dataclass(frozen=True, slots=True)
class Slip:
    """納付書: one instalment of what one person owes, as issued."""

    slip_number: SlipNumber
    charge_type: ChargeType
    insured_number: str
    levy_year: int
    instalment: int
    amount: int
    due_on: date
    """納期限"""
    use_by: date | None
    """支払期限: the last day on which the barcode can be used; None: no limit."""
    barcode: str | None
    """None above ¥300,000: no barcode is printed then."""
    reissue: int = 0
    """再発行区分: how often the slip was reissued."""

    @property
    def outstanding(self) -> int:
        """収入未済: all of it, as nothing has been paid."""
        return self.amount

    @property
    def human_readable(self) -> str | None:
        """The barcode's digits in the two lines printed below it."""
        return None if self.barcode is None else in_two_lines(self.barcode)


@dataclass(frozen=True, slots=True)
class Levy:
    """賦課: whose debt, for which year, of which charge type (科目)."""

    insured_number: str
    levy_year: int
    charge_type: ChargeType


def split_amount(annual_amount: int, instalments: int, unit: int) -> tuple[int, ...]:
    """Amounts that add up to the year's: equal multiples of `unit` yen, the remainder on the first (端数は初回)."""
    each = annual_amount // instalments // unit * unit
    return (annual_amount - each * (instalments - 1), *[each] * (instalments - 1))


def instalment_slips(levy: Levy, annual_amount: int, terms: SlipTerms) -> Sequence[Slip]:
    """The year's slips. An instalment of 0 yen, as tiny premiums have, is not issued."""
    charge = terms.of(levy.charge_type)
    amounts = split_amount(annual_amount, len(charge.months), charge.instalment_unit)
    due = due_dates(levy.levy_year, charge.months)
    return [
        make_slip(levy, number, amount, due_on, terms)
        for number, (amount, due_on) in enumerate(zip(amounts, due, strict=True), 1)
        if amount
    ]


def make_slip(levy: Levy, instalment: int, amount: int, due_on: date, terms: SlipTerms) -> Slip:
    """The notice number (通知書番号) is the insured person's number."""
    charge = terms.of(levy.charge_type)
    slip_number = SlipReference(
        agency_code=terms.agency_code,
        charge_type=charge.digit,
        levy_year=levy.levy_year,
        notice_number=levy.insured_number,
        instalment=instalment,
        collection_kind=terms.collection_kind,
    ).slip_number(terms.slip_number_order)
    use_by = None if terms.use_by_months is None else months_after(due_on, terms.use_by_months)
    return Slip(
        slip_number=slip_number,
        charge_type=levy.charge_type,
        insured_number=levy.insured_number,
        levy_year=levy.levy_year,
        instalment=instalment,
        amount=amount,
        due_on=due_on,
        use_by=use_by,
        barcode=barcode_digits(charge.issuer_code, slip_number, 0, use_by, amount),
    )


def barcode_digits(issuer: str, slip_number: SlipNumber, reissue: int, use_by: date | None, amount: int) -> str | None:
    """The 44 digits; None above ¥300,000, since no barcode is printed then."""
    return Barcode(issuer, slip_number, reissue, use_by, Yen(amount)).digits if amount <= BARCODE_LIMIT else None


def next_special_instalment(used: Iterable[int], first: int) -> int | Refusal:
    """The number of the next slip outside the calendar (随時); counted from `first`, per person and year."""
    number = max((n for n in used if n >= first), default=first - 1) + 1
    if number <= LAST_INSTALMENT:
        return number
    return Refusal(
        "slip_numbers_exhausted",
        f"instalment numbers {first} to {LAST_INSTALMENT} of this person, levy year and charge type are all in use",
        "combine the debts into fewer slips, or levy them in another year",
    )


def levy_year_of(due_on: date) -> int:
    """賦課年度 of a slip outside the calendar: the fiscal year, April to March, in which it is due."""
    return due_on.year if due_on.month >= APRIL else due_on.year - 1


def months_after(day: date, months: int) -> date:
    """`months` months later, on the same day; the month's last day if it has no such day, or if `day` is a last day."""
    last = end_of_month(day.year, day.month + months)
    was_last = (day + timedelta(days=1)).day == 1
    return last if was_last or day.day > last.day else last.replace(day=day.day)
