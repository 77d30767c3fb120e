"""Two runs side by side: every figure of both, and the ratio."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from services.console.load.results import LoadResult, figures

MORE_IS_BETTER = frozenset({"throughput"})
NOTEWORTHY = 0.1
"""Relative: a smaller difference counts as noise."""


class Compared(NamedTuple):
    """One figure of two runs. `ratio` is second by first; None if either is missing or the first is 0."""

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
        """How the second run compares: `better`, `worse`, `same` within the noise; empty without a ratio."""
        if self.ratio is None:
            return ""
        if abs(self.ratio - 1) < NOTEWORTHY:
            return "same"
        return "better" if (self.ratio > 1) == (self.figure in MORE_IS_BETTER) else "worse"


def compared(first: LoadResult, second: LoadResult) -> Iterator[Compared]:
    """Every figure of either run."""
    a, b = figures(first), figures(second)
    for name in dict.fromkeys((*a, *b)):
        yield Compared(name, a.get(name), b.get(name))


def differing(first: LoadResult, second: LoadResult) -> Iterator[tuple[str, object, object]]:
    """(name, first, second) of every option and every fact of the environment in which the runs differ."""
    if first.workload != second.workload:
        yield "workload", first.workload, second.workload
    for of in ("asked", "environment"):
        a, b = getattr(first, of), getattr(second, of)
        for name in sorted(a.keys() | b.keys()):
            if a.get(name) != b.get(name):
                yield name, a.get(name), b.get(name)
