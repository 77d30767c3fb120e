"""再発行: a slip issued again for the same debt."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.formats import barcode
from contracts.formats.barcode import Barcode
from contracts.vocabulary import BARCODE_LIMIT, ChargeType, Refusal
from services.ward.domain.reissue import MOST_REISSUES, IssuedSlip, Reissue, reissue
from tests.slip_pictures import TERMS, a_slip

TODAY = date(2021, 9, 1)


def issued(outstanding: int = 8_500, use_by: date | None = date(2022, 2, 2), times: int = 0) -> IssuedSlip:
    slip = a_slip()
    return IssuedSlip(slip.slip_number, slip.charge_type, outstanding, use_by, times)


@given(
    st.integers(1, 400_000),
    st.integers(0, MOST_REISSUES - 1),
    st.dates(date(2021, 1, 1), date(2023, 1, 1)),
    st.sampled_from(ChargeType),
)
def test_the_barcode_asks_for_what_is_left_of_the_same_slip(
    outstanding: int, times: int, use_by: date, charge_type: ChargeType
) -> None:
    slip = a_slip(charge_type=charge_type)
    reissued = reissue(IssuedSlip(slip.slip_number, charge_type, outstanding, use_by, times), TODAY, TERMS)
    assert isinstance(reissued, Reissue)
    assert reissued.reissue == times + 1
    assert reissued.use_by is not None
    assert reissued.use_by >= max(use_by, TODAY)
    if outstanding > BARCODE_LIMIT:
        assert reissued.barcode is None
        return
    code = barcode.decode(reissued.barcode or "")
    assert isinstance(code, Barcode)
    assert (code.free_area, code.reissue, code.amount, code.use_by) == (
        slip.slip_number,
        times + 1,
        outstanding,
        reissued.use_by,
    )
    assert code.issuer == TERMS.of(charge_type).issuer_code
    assert barcode.refusal_of(code, TODAY) is None


def test_paper_whose_use_by_date_has_passed_can_be_paid_again() -> None:
    reissued = reissue(issued(use_by=TODAY - timedelta(days=1)), TODAY, TERMS)
    assert isinstance(reissued, Reissue)
    assert reissued.use_by == date(2021, 10, 1)


def test_a_use_by_date_never_comes_earlier() -> None:
    reissued = reissue(issued(), TODAY, TERMS)
    assert isinstance(reissued, Reissue)
    assert reissued.use_by == date(2022, 2, 2)


@pytest.mark.parametrize(
    ("slip", "code"),
    [(issued(outstanding=0), "slip_already_paid"), (issued(times=MOST_REISSUES), "reissues_exhausted")],
)
def test_a_slip_that_needs_no_paper_or_has_had_too_much_is_refused(slip: IssuedSlip, code: str) -> None:
    refusal = reissue(slip, TODAY, TERMS)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
