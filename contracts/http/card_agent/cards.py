"""丙: card tokens and test cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, SecretStr

from contracts.http.bodies import (
    Body,
    TokenText,
)
from contracts.http.bulk import MOST_AT_ONCE, RefusedItem, in_order
from contracts.vocabulary import Agent, Brand


class CardTokenRequest(Body):
    """カード番号入力: sent only to the card agent, which stores no number (非保持化)."""

    number: Annotated[SecretStr, Field(examples=["4000000000000002"])]
    expiry: Annotated[str, Field(examples=["12/27"])]
    """MM/YY"""


class CardTokenAnswer(Body):
    agent: Agent
    card_token: TokenText
    brand: Brand
    last4: Annotated[str, Field(examples=["0002"])]


class TestCard(Body):
    """A published card number that determines the outcome."""

    number: str
    brand: Brand
    outcome: str
    story: str


class CardTokensRequest(Body):
    """Many card numbers, sent only to this agent."""

    cards: Annotated[tuple[CardTokenRequest, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class CardTokensAnswer(Body):
    """The tokens, in the order of the request, and the cards refused."""

    tokens: tuple[CardTokenAnswer, ...]
    refused: tuple[RefusedItem, ...]

    def in_order(self) -> Sequence[CardTokenAnswer | RefusedItem]:
        """The token or the refusal of each card of the request."""
        return in_order(self.tokens, self.refused)
