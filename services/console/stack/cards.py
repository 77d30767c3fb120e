"""The test cards of a running stack, by name: a number on a command line could be read in the list of processes."""

from __future__ import annotations

from collections.abc import Mapping

from contracts import topics
from contracts.http.card_agent.cards import TestCard
from contracts.vocabulary import Agent
from services.console.stack.clients import StackClient


def card_name(card: TestCard) -> str:
    """`BRAND/OUTCOME`, as in `visa/over-limit`."""
    return f"{card.brand}/{card.outcome}".replace("_", "-")


async def published_cards(client: StackClient) -> Mapping[str, TestCard]:
    """The cards that the card agents publish, by name. Raises `Unreachable` if no agent answers."""
    pages = [await client.get(topics.card_agent(agent), "/test-cards") for agent in Agent]
    cards = [TestCard.model_validate(card) for page in pages for card in page]
    return {card_name(card): card for card in cards}
