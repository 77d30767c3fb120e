"""The parties of the contract (三者契約), and the console: their principals and names. Pure.

A principal is the name under which a party signs in to the bus, owns topics and has its books. Each card agent is a
separate party.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from contracts.vocabulary import Agent

WARD: Final = "ward"
PAYMENT_PROVIDER: Final = "payment_provider"
CONSOLE: Final = "console"


def card_agent(agent: Agent) -> str:
    """The principal of a card agent."""
    return f"card_agent.{agent}"


class Contractor(StrEnum):
    """受託者: whom the ward has protect its data; the names are their principals."""

    PAYMENT_PROVIDER = "payment_provider"  # 乙
    CARD_AGENT_JCB = "card_agent.jcb"  # 丙
    CARD_AGENT_UC = "card_agent.uc"  # 丙


PARTIES: Final = (WARD, PAYMENT_PROVIDER, *map(card_agent, Agent))
PRINCIPALS: Final = (*PARTIES, CONSOLE)


class PartyNames(NamedTuple):
    sign: str
    """In the contract: 甲, 乙 or 丙."""
    japanese: str
    english: str
    short: str
    """For narrow columns."""

    @property
    def name(self) -> str:
        """Sign and English name: 甲 ward."""
        return f"{self.sign} {self.english}"


NAMES: Final[Mapping[str, PartyNames]] = {
    WARD: PartyNames("甲", "介護保険課", "ward", "甲"),
    PAYMENT_PROVIDER: PartyNames("乙", "収納代行・収納センター", "payment provider", "乙"),
    **{card_agent(agent): PartyNames("丙", "指定代理納付者", agent.upper(), f"丙 {agent.upper()}") for agent in Agent},
}
"""By principal."""
