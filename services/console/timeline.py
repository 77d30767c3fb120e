"""The steps of a payment, as several parties explain them, in one order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contracts.http.service import Explanation, Step


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Steps sorted by time; at one instant in the order of the flow."""
    return sorted(steps, key=lambda step: (step.at, step.stage))


def merged_steps(parts: Sequence[Explanation]) -> list[Step]:
    """The steps of all parties, in order."""
    return in_order(step for part in parts for step in part.steps)
