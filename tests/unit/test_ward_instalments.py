"""An annual premium becomes slips that add up to it and can be read back."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar import PREMIUM_MONTHS
from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.formats.slip_number import ORDER, SlipReference
from contracts.vocabulary import BARCODE_LIMIT, ChargeType, Refusal
from services.ward.domain.charge_terms import ChargeTerms, SlipTerms
from services.ward.domain.instalments import (
    Levy,
    instalment_slips,
    levy_year_of,
    make_slip,
    months_after,
    next_special_instalment,
    split_amount,
)

CARE, RESIDENT = ChargeType.CARE_INSURANCE, ChargeType.RESIDENT_TAX
VEHICLE, HEALTH = ChargeType.LIGHT_VEHICLE_TAX, ChargeType.HEALTH_INSURANCE
MONTHS = {CARE: PREMIUM_MONTHS, RESIDENT: (6, 8, 10, 1), VEHICLE: (5,), HEALTH: (*range(6, 13), 1, 2, 3)}
TERMS = SlipTerms(
    agency_code="00104",
    collection_kind="1",
    slip_number_order=ORDER,
    use_by_months=6,
    reissue_use_by_months=1,
    special_instalments_from=50,
    charges={
        charge_type: ChargeTerms(
            charge_type, f"91234{n}", str(n), months, 1_000 if charge_type is RESIDENT else 100, ""
        )
        for n, (charge_type, months) in enumerate(MONTHS.items(), 5)
    },
)
amounts = st.integers(1, 9_999_999)


@given(amounts, st.integers(2, 12), st.sampled_from([1, 10, 100, 1_000]))
def test_instalments_add_up_to_the_year(annual: int, instalments: int, unit: int) -> None:
    first, *others = split_amount(annual, instalments, unit)
    assert first + sum(others) == annual
    assert len(others) == instalments - 1
    assert len({*others}) == 1
    assert others[0] % unit == 0
    assert 0 <= first - others[0] < instalments * unit


def test_the_remainder_is_on_the_first_instalment() -> None:
    assert split_amount(74_400, 9, 100) == (8_800, *[8_200] * 8)
    assert split_amount(74_430, 9, 100) == (8_830, *[8_200] * 8)


def test_a_tax_of_one_instalment_is_due_at_once() -> None:
    assert split_amount(10_800, 1, 100) == (10_800,)


@given(amounts, st.integers(2000, 2098), st.from_regex(r"[0-9]{10}", fullmatch=True), st.sampled_from(ChargeType))
def test_a_barcode_reads_back_as_its_slip(
    annual: int, levy_year: int, insured_number: str, charge_type: ChargeType
) -> None:
    slips = instalment_slips(Levy(insured_number, levy_year, charge_type), annual, TERMS)
    assert sum(slip.amount for slip in slips) == annual
    assert all(slip.amount > 0 for slip in slips)
    assert all(earlier.due_on < later.due_on for earlier, later in pairwise(slips))
    for slip in slips:
        reference = SlipReference.parse(slip.slip_number)
        assert (reference.notice_number, reference.levy_year, reference.instalment, reference.charge_type) == (
            insured_number,
            levy_year,
            slip.instalment,
            TERMS.of(charge_type).digit,
        )
        if slip.amount > BARCODE_LIMIT:
            assert slip.barcode is None
            continue
        assert slip.barcode is not None
        code = barcode.decode(slip.barcode)
        assert isinstance(code, Barcode)
        assert code.issuer == TERMS.of(charge_type).issuer_code
        assert (code.free_area, code.amount, code.use_by) == (slip.slip_number, slip.amount, slip.use_by)
        assert barcode.refusal_of(code, slip.due_on) is None


def test_exactly_the_limit_has_a_barcode_and_a_yen_more_has_none() -> None:
    levy = Levy("0000000001", 2021, CARE)
    assert make_slip(levy, 50, 300_000, date(2021, 8, 2), TERMS).barcode is not None
    assert make_slip(levy, 50, 300_001, date(2021, 8, 2), TERMS).barcode is None


def test_a_tiny_premium_has_no_slips_of_nothing() -> None:
    assert [
        (slip.instalment, slip.amount) for slip in instalment_slips(Levy("0000000001", 2021, CARE), 800, TERMS)
    ] == [(1, 800)]


def test_the_due_dates_are_the_calendars() -> None:
    slips = instalment_slips(Levy("0000000001", 2021, CARE), 74_400, TERMS)
    assert [slip.due_on for slip in slips[:3]] == [date(2021, 8, 2), date(2021, 8, 31), date(2021, 9, 30)]
    assert [slip.use_by for slip in slips[:3]] == [date(2022, 2, 2), date(2022, 2, 28), date(2022, 3, 31)]


@pytest.mark.parametrize(
    ("charge_type", "due"),
    [
        (RESIDENT, [date(2021, 6, 30), date(2021, 8, 31), date(2021, 11, 1), date(2022, 1, 31)]),
        (VEHICLE, [date(2021, 5, 31)]),
        (HEALTH, [date(2021, 6, 30), date(2021, 8, 2), date(2021, 8, 31), date(2021, 9, 30), date(2021, 11, 1)]),
    ],
)
def test_each_charge_type_has_a_calendar_of_its_own(charge_type: ChargeType, due: list[date]) -> None:
    slips = instalment_slips(Levy("0000000001", 2021, charge_type), 74_400, TERMS)
    assert len(slips) == len(MONTHS[charge_type])
    assert [slip.due_on for slip in slips[:5]] == due


def test_the_slips_of_one_person_never_share_a_number() -> None:
    levies = [Levy("0000000001", 2021, charge_type) for charge_type in ChargeType]
    numbers = [slip.slip_number for levy in levies for slip in instalment_slips(levy, 74_400, TERMS)]
    numbers += [make_slip(levy, 50, 1, date(2021, 8, 2), TERMS).slip_number for levy in levies]
    assert len(set(numbers)) == len(numbers) == 9 + 4 + 1 + 10 + 4


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2021, 8, 31), 6, date(2022, 2, 28)),
        (date(2021, 2, 28), 6, date(2021, 8, 31)),
        (date(2021, 8, 2), 0, date(2021, 8, 2)),
        (date(2021, 12, 15), 1, date(2022, 1, 15)),
        (date(2021, 1, 30), 1, date(2021, 2, 28)),
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day: date, months: int, later: date) -> None:
    assert months_after(day, months) == later


@pytest.mark.parametrize(
    ("due_on", "year"),
    [(date(2021, 4, 1), 2021), (date(2022, 3, 31), 2021), (date(2022, 4, 1), 2022), (date(2022, 1, 4), 2021)],
)
def test_a_slip_outside_the_calendar_belongs_to_the_fiscal_year_in_which_it_is_due(due_on: date, year: int) -> None:
    assert levy_year_of(due_on) == year


def test_slips_outside_the_calendar_are_counted_from_fifty_until_the_numbers_are_used_up() -> None:
    assert next_special_instalment([1, 2, 9], 50) == 50
    assert next_special_instalment([1, 50, 51], 50) == 52
    refusal = next_special_instalment([99], 50)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "slip_numbers_exhausted"
