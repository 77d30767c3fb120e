"""Two runs side by side: every figure of both, and the ratio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.console.load.results import LoadResult, figures

MORE_IS_BETTER = frozenset({"throughput"})
NOTEWORTHY = 0.1
"""Differences below a tenth are taken for noise."""


class Compared(NamedTuple):
    """One figure of two runs. `ratio` is the second by the first; None where that cannot be said."""

    figure: str
    first: float | None
    second: float | None

    @property
    def ratio(self) -> float | None:
        if not self.first or self.second is None:
            return None
        return self.second / self.first

    @property
    def verdict(self) -> str:
        """`better` or `worse`, the second than the first; `same` within the noise, empty where it cannot be said."""
        if self.ratio is None:
            return ""
        if abs(self.ratio - 1) < NOTEWORTHY:
            return "same"
        return "better" if (self.ratio > 1) == (self.figure in MORE_IS_BETTER) else "worse"


def compared(first: LoadResult, second: LoadResult) -> Iterator[Compared]:
    """Every figure that either has, in their order."""
    a, b = figures(first), figures(second)
    for name in dict.fromkeys((*a, *b)):
        yield Compared(name, a.get(name), b.get(name))


def differing(first: LoadResult, second: LoadResult) -> Iterator[tuple[str, object, object]]:
    """What was asked for, or what it ran on, that is not the same: (name, of the first, of the second)."""
    if first.workload != second.workload:
        yield "workload", first.workload, second.workload
    for of in ("asked", "environment"):
        a, b = getattr(first, of), getattr(second, of)
        for name in sorted(a.keys() | b.keys()):
            if a.get(name) != b.get(name):
                yield name, a.get(name), b.get(name)
