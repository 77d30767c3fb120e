"""The intended time of each arrival: pure functions of rate, shape and length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import sqrt
from typing import Final


class Shape(StrEnum):
    """How the rate changes from the beginning to the end."""

    CONSTANT = "constant"
    RAMP = "ramp"
    DUE_DATE_PEAK = "due-date-peak"


PROFILES: Final = {
    Shape.CONSTANT: ((0.0, 1.0), (1.0, 1.0)),
    Shape.RAMP: ((0.0, 0.0), (1.0, 1.0)),
    # 納期限の一日: a quiet night, the morning, the lunch break, the evening peak, the last minutes
    Shape.DUE_DATE_PEAK: (
        (0.0, 0.05),
        (0.25, 0.1),
        (0.4, 0.45),
        (0.5, 0.8),
        (0.58, 0.5),
        (0.75, 0.7),
        (0.85, 1.0),
        (0.95, 0.6),
        (1.0, 0.3),
    ),
}
"""Points (share of the time, share of the highest rate), joined by straight lines."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Arrivals over a number of seconds, at most `rate` a second."""

    shape: Shape
    rate: float
    seconds: float

    @classmethod
    def counted(cls, shape: Shape, rate: float, count: int) -> Arrivals:
        """For as long as `count` arrivals take."""
        return cls(shape, rate, count / (rate * _area(PROFILES[shape])))

    @property
    def count(self) -> int:
        """Whole arrivals within the time."""
        return int(self.rate * self.seconds * _area(PROFILES[self.shape]) + 1e-6)

    def times(self) -> Iterator[float]:
        """The intended time of each, in seconds since the start, in order."""
        done, n = 0.0, 0
        for (x0, y0), (x1, y1) in pairwise(PROFILES[self.shape]):
            length, start, first, last = (x1 - x0) * self.seconds, x0 * self.seconds, y0 * self.rate, y1 * self.rate
            arriving = length * (first + last) / 2
            while n < self.count and n <= done + arriving:
                yield start + _when(n - done, first, (last - first) / length)
                n += 1
            done += arriving


def _when(arrived: float, rate: float, growth: float) -> float:
    """Seconds until `arrived` have arrived, if the rate starts at `rate` and grows by `growth` a second."""
    if abs(growth) < 1e-12:
        return arrived / rate
    return (sqrt(max(rate * rate + 2 * growth * arrived, 0.0)) - rate) / growth


def _area(profile: Sequence[tuple[float, float]]) -> float:
    return sum((x1 - x0) * (y0 + y1) / 2 for (x0, y0), (x1, y1) in pairwise(profile))
