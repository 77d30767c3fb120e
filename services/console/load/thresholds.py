"""Thresholds of a TOML file: which figures a run has to reach for exit status 0.

throughput = {min = 15000}
"end_to_end.p99_ms" = {max = 60}
"ward.memory_mb" = {max = 120}
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec


class BadThresholds(Exception):
    """The file cannot be used; the text names the line or key and what would be right."""


class Threshold(msgspec.Struct, frozen=True):
    """The least and greatest value of a figure, inclusive; None for no bound."""

    figure: str
    least: float | None
    greatest: float | None

    def __str__(self) -> str:
        bounds = ((">=", self.least), ("<=", self.greatest))
        return f"{self.figure} {' and '.join(f'{sign} {bound:g}' for sign, bound in bounds if bound is not None)}"


class Checked(msgspec.Struct, frozen=True):
    """A threshold and a run's value; without a value (None) it is not passed."""

    threshold: Threshold
    value: float | None

    @property
    def passed(self) -> bool:
        t = self.threshold
        return (
            self.value is not None
            and (t.least is None or self.value >= t.least)
            and (t.greatest is None or self.value <= t.greatest)
        )


def read_thresholds(path: Path) -> Sequence[Threshold]:
    """Raises `BadThresholds`."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadThresholds(f"{path} cannot be read ({wrong})") from None
    except tomllib.TOMLDecodeError as wrong:
        raise BadThresholds(f"{path} is not TOML: {wrong}") from None
    if not document:
        raise BadThresholds(f'{path} names no figure; write a line like "end_to_end.p99_ms" = {{max = 60}}')
    return [_threshold(path, figure, bounds) for figure, bounds in document.items()]


def _threshold(path: Path, figure: str, bounds: Any) -> Threshold:
    right = f'write it like "{figure}" = {{min = 1}} or {{max = 60}}'
    if not isinstance(bounds, dict) or not bounds or bounds.keys() - {"min", "max"}:
        raise BadThresholds(f"{path}: {figure} must have min, max or both, and nothing else; {right}")
    for name, bound in bounds.items():
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise BadThresholds(f"{path}: {figure}: {name} is {bound!r}, which is not a number; {right}")
    return Threshold(figure, bounds.get("min"), bounds.get("max"))


def require_known(thresholds: Sequence[Threshold], names: Collection[str]) -> None:
    """Raises `BadThresholds` for a figure that is not among `names`."""
    for t in thresholds:
        if t.figure not in names:
            raise BadThresholds(f"there is no figure {t.figure!r}; there are {', '.join(names)}")


def check(thresholds: Sequence[Threshold], figures: Mapping[str, float]) -> Sequence[Checked]:
    return [Checked(t, figures.get(t.figure)) for t in thresholds]
