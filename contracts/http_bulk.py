"""HTTP bodies for those who send many at once (an app's gateway, a load test).

Each item is for itself: one that is refused hinders no other. Items about the same thing are handled one after the
other, as they stand. What is malformed is refused as a whole, before anything is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, TypeVar

from pydantic import Field

from contracts.http import Body, CardChoice, CardTokenAnswer, CardTokenRequest, PaymentView, ScanRequest
from contracts.vocabulary import Refusal

Taken = TypeVar("Taken")

MOST_AT_ONCE = 10_000
"""Items that one request may have."""


class ScansRequest(Body):
    """納付書一括読取."""

    scans: Annotated[tuple[ScanRequest, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CardChoicesRequest(Body):
    """The method card for many payments."""

    choices: Annotated[tuple[CardChoice, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CardTokensRequest(Body):
    """Many cards typed, each to this agent alone."""

    cards: Annotated[tuple[CardTokenRequest, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class RefusedItem(Body):
    """`place` counts the request's items from 0."""

    place: int
    code: str
    detail: str
    remedy: str


class PaymentsAnswer(Body):
    """What was taken, in the order of the request; and what was not."""

    payments: tuple[PaymentView, ...]
    refused: tuple[RefusedItem, ...]

    def in_order(self) -> Sequence[PaymentView | RefusedItem]:
        """For each item of the request its payment, or why there is none."""
        return in_order(self.payments, self.refused)


class CardTokensAnswer(Body):
    """The tokens, in the order of the request; and the cards that are not taken."""

    tokens: tuple[CardTokenAnswer, ...]
    refused: tuple[RefusedItem, ...]

    def in_order(self) -> Sequence[CardTokenAnswer | RefusedItem]:
        """For each card of the request its token, or why there is none."""
        return in_order(self.tokens, self.refused)


def refused_items(answers: Iterable[object]) -> tuple[RefusedItem, ...]:
    """The refusals among the answers to a request's items, by their places."""
    return tuple(
        RefusedItem(place=n, code=a.code, detail=a.detail, remedy=a.remedy)
        for n, a in enumerate(answers)
        if isinstance(a, Refusal)
    )


def payments_answer(answers: Sequence[PaymentView | Refusal]) -> PaymentsAnswer:
    """The answers to a request's items as one."""
    return PaymentsAnswer(
        payments=tuple(a for a in answers if isinstance(a, PaymentView)), refused=refused_items(answers)
    )


def in_order(taken: Iterable[Taken], refused: Iterable[RefusedItem]) -> Sequence[Taken | RefusedItem]:
    """What was taken and what was not, each at its item's place."""
    answers: list[Taken | RefusedItem] = list(taken)
    for item in refused:
        answers.insert(item.place, item)
    return answers
