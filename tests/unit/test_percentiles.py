"""Percentiles by nearest rank."""

from __future__ import annotations

from statistics import median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.percentiles import percentile

some = st.lists(st.integers(-(10**9), 10**9), min_size=1).map(sorted)


@given(some, st.integers(1, 100))
def test_it_is_the_least_value_that_covers_the_share(values: list[int], per_cent: int) -> None:
    found = percentile(values, per_cent)
    assert found in values
    assert 100 * sum(v <= found for v in values) >= per_cent * len(values)
    assert 100 * sum(v < found for v in values) < per_cent * len(values)


@given(some)
def test_the_fiftieth_is_the_lower_median_and_the_hundredth_the_greatest(values: list[int]) -> None:
    assert (percentile(values, 50), percentile(values, 100)) == (median_low(values), values[-1])


@pytest.mark.parametrize(("values", "per_cent"), [([], 50), ([1], 0), ([1], 101)])
def test_what_has_no_answer_is_refused(values: list[int], per_cent: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        percentile(values, per_cent)
