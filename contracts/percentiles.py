"""Percentiles by nearest rank: always one of the values, hence an int if they are ints. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Value = TypeVar("Value", int, float)


def percentile(ascending: Sequence[Value], per_cent: int) -> Value:
    """The smallest value that at least `per_cent` % of the values do not exceed; 50 is the (lower) median.

    Raises `ValueError` if there are no values, or if `per_cent` is not 1 to 100.
    """
    if not ascending or not 1 <= per_cent <= 100:
        raise ValueError(f"percentile {per_cent} of {len(ascending)} values: give at least one, and 1 to 100")
    return ascending[-(-per_cent * len(ascending) // 100) - 1]
