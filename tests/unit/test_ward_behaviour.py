"""The generated fiscal year is plausible, and the same for the same seed."""

import pytest

from contracts.vocabulary import BARCODE_LIMIT
from services.ward.behaviour import HIGHEST_BASE_PER_MONTH, INCOME_LEVELS, annual_premium, generate_assessments
from services.ward.domain.instalments import split_amount

BASE = 6_200


def test_one_seed_gives_one_year_and_another_seed_another() -> None:
    assert generate_assessments(1, 200, 2021) == generate_assessments(1, 200, 2021)
    assert generate_assessments(1, 200, 2021) != generate_assessments(2, 200, 2021)
    assert generate_assessments(1, 200, 2021) != generate_assessments(1, 200, 2022)


def test_more_payers_leave_the_first_ones_as_they_are() -> None:
    assert generate_assessments(7, 500, 2021)[:100] == generate_assessments(7, 100, 2021)


def test_people_are_in_all_stages_and_each_has_a_number_of_their_own() -> None:
    people = generate_assessments(1, 5_000, 2021)
    assert len({p.insured_number for p in people}) == 5_000
    assert {p.annual_amount for p in people} == {annual_premium(level, BASE) for level in INCOME_LEVELS}


def test_the_shares_of_the_stages_are_the_whole() -> None:
    assert sum(level.payers_per_mille for level in INCOME_LEVELS) == 1_000


def test_the_fifth_stage_pays_the_base_premium() -> None:
    assert annual_premium(INCOME_LEVELS[4], BASE) == 12 * BASE


def test_every_instalment_can_carry_a_barcode_even_at_the_highest_base() -> None:
    highest = max(annual_premium(level, HIGHEST_BASE_PER_MONTH) for level in INCOME_LEVELS)
    assert max(split_amount(highest, 9, 100)) <= BARCODE_LIMIT
    with pytest.raises(ValueError, match="base_per_month"):
        generate_assessments(1, 1, 2021, HIGHEST_BASE_PER_MONTH + 1)
