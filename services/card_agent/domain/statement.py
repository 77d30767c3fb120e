"""A closing statement (締め明細): how its breakdown is split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Line = TypeVar("Line")


def pages(lines: Sequence[Line], lines_per_page: int) -> Sequence[Sequence[Line]]:
    """The breakdown page by page: each line once, in order; only the last page may be short, and none is empty."""
    return [lines[n : n + lines_per_page] for n in range(0, len(lines), lines_per_page)]
