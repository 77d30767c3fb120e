"""Planned arrivals: as many as requested, in order, never above the highest rate."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.load.arrivals import PROFILES, Arrivals, Shape

SHAPES = st.sampled_from(Shape)
RATES = st.floats(0.5, 2_000)
COUNTS = st.integers(1, 3_000)


@given(SHAPES, RATES, COUNTS)
def test_so_many_arrive_in_order_within_the_time(shape: Shape, rate: float, count: int) -> None:
    arrivals = Arrivals.counted(shape, rate, count)
    times = list(arrivals.times())
    assert arrivals.count == len(times) == count
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= arrivals.seconds * (1 + 1e-9)


@given(SHAPES, RATES, st.floats(0.5, 20), st.floats(0.01, 1))
def test_no_stretch_of_time_has_more_than_the_highest_rate(
    shape: Shape, rate: float, seconds: float, window: float
) -> None:
    times = list(Arrivals(shape, min(rate, 500.0), seconds).times())
    for first in times[:: max(len(times) // 50, 1)]:
        within = bisect_right(times, first + window) - bisect_left(times, first)
        assert within <= min(rate, 500.0) * window + 1.001


def test_a_constant_rate_is_even() -> None:
    times = list(Arrivals(Shape.CONSTANT, 100.0, 1.0).times())
    assert times[:3] == pytest.approx([0.0, 0.01, 0.02])
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.01] * 99)


def test_a_ramp_has_a_quarter_in_its_first_half() -> None:
    times = list(Arrivals(Shape.RAMP, 100.0, 20.0).times())
    assert len(times) == 1_000
    assert bisect_left(times, 10.0) == pytest.approx(250, abs=1)


def test_a_due_dates_day_is_busiest_in_the_evening() -> None:
    times = list(Arrivals(Shape.DUE_DATE_PEAK, 1_000.0, 24.0).times())
    by_hour = [bisect_left(times, hour + 1) - bisect_left(times, hour) for hour in range(24)]
    assert by_hour.index(max(by_hour)) in (19, 20)
    assert min(by_hour) == by_hour[0] < max(by_hour) / 10


@pytest.mark.parametrize("shape", Shape)
def test_a_profile_goes_from_beginning_to_end_and_reaches_the_highest_rate(shape: Shape) -> None:
    places, rates = zip(*PROFILES[shape], strict=True)
    assert (places[0], places[-1], max(rates)) == (0.0, 1.0, 1.0)
    assert list(places) == sorted(places)
    assert min(rates) >= 0
