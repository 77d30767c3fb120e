"""A card agent put together: settings in, a service out. What the console may import."""

from __future__ import annotations

from collections.abc import Sequence

from contracts import topics
from contracts.books import Books
from services.card_agent.behaviour import TEST_CARDS
from services.card_agent.books import ACCOUNT_NAMES, books, deposits_made
from services.card_agent.commands import Commands
from services.card_agent.domain.terms import TERMS
from services.card_agent.migrations import HISTORY
from services.card_agent.queries import Queries
from services.card_agent.queries.handling import TASKS, held
from services.card_agent.settings import Settings
from services.card_agent.store.erasure import DATA
from services.card_agent.subscriptions import subscriptions
from services.card_agent.tables import metadata
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.consumer import On
from services.chassis.duties.contractor import ContractorDuties
from services.chassis.duties.office import Handling
from services.chassis.erasure.by_hand import erasing_by_hand
from services.chassis.erasure.composing import erasing_of
from services.chassis.faults import Faults
from services.chassis.service import Service

__all__ = [
    "ACCOUNT_NAMES",
    "TERMS",
    "TEST_CARDS",
    "CardAgent",
    "Settings",
    "books",
    "create_app",
    "deposits_made",
]


class CardAgent(Service):
    """丙. A refusal is returned, not raised."""

    title = "sansha card agent (丙 指定代理納付者)"
    tables = metadata
    history = HISTORY

    def __init__(self, settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> None:
        super().__init__(topics.card_agent(settings.agent), settings, bus, clock, injected)
        self.settings: Settings = settings
        handling = Handling(TASKS, held)
        self.duties = ContractorDuties(self.correspondence, self.executor, handling, self.recorded, settings.seed or 0)
        self.erasing = erasing_of(self, settings, DATA, settings.erasure_months, self.duties.office)
        self.erase = erasing_by_hand(self.erasing, self.executor)
        self.commands = Commands(settings, self.executor, self.secret)
        self.queries = Queries(settings, self.database, clock)

    def subscriptions(self) -> Sequence[On]:
        own = subscriptions(self.settings.agent, self.settings.terms, self.settings.issuer)
        return (*own, *self.duties.subscriptions(), *self.erasing.subscriptions)

    async def books(self) -> Books:
        async with self.reading() as session:
            return await books(session, self.settings.agent)


def create_app(settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> CardAgent:
    """The composition root."""
    return CardAgent(settings, bus, clock, injected)
