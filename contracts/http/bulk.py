"""Requests with many items (an app's gateway, a load test).

Items are independent: a refused one does not affect the others. Items about the same thing are handled in the order
of the request. A malformed request is refused as a whole, before any work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from contracts.http.bodies import (
    Body,
)
from contracts.vocabulary import Refusal

Taken = TypeVar("Taken")
MOST_AT_ONCE = 10_000
"""Maximum number of items in one request."""


class RefusedItem(Body):
    """An item of a request that was refused; `place` is its index in the request, from 0."""

    place: int
    code: str
    detail: str
    remedy: str


def refused_items(answers: Iterable[object]) -> tuple[RefusedItem, ...]:
    """The refusals among the answers to a request's items, with their places."""
    return tuple(
        RefusedItem(place=n, code=a.code, detail=a.detail, remedy=a.remedy)
        for n, a in enumerate(answers)
        if isinstance(a, Refusal)
    )


def in_order(taken: Iterable[Taken], refused: Iterable[RefusedItem]) -> Sequence[Taken | RefusedItem]:
    """Accepted and refused items in the order of the request."""
    answers: list[Taken | RefusedItem] = list(taken)
    for item in refused:
        answers.insert(item.place, item)
    return answers
