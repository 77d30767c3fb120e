"""The payment provider put together: settings in, a service out. What the console may import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from contracts import topics
from contracts.books import Books
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.consumer import On
from services.chassis.duties.contractor import ContractorDuties
from services.chassis.duties.office import Handling
from services.chassis.erasure.by_hand import erasing_by_hand
from services.chassis.erasure.composing import erasing_of
from services.chassis.faults import Faults
from services.chassis.service import Service
from services.payment_provider.behaviour import TEST_BANKS
from services.payment_provider.books import ACCOUNT_NAMES, books
from services.payment_provider.collection_centre import CollectionCentre
from services.payment_provider.commands import Commands
from services.payment_provider.handlers.choose_method import CardRules
from services.payment_provider.migrations import HISTORY
from services.payment_provider.queries import Queries
from services.payment_provider.queries.handling import TASKS, held
from services.payment_provider.settings import Settings
from services.payment_provider.store.erasure import DATA
from services.payment_provider.subscriptions import subscriptions
from services.payment_provider.tables import metadata

__all__ = ["ACCOUNT_NAMES", "TEST_BANKS", "PaymentProvider", "Settings", "books", "create_app"]


class PaymentProvider(Service):
    """乙. A refusal is returned, not raised."""

    title = "sansha payment provider (乙 収納代行・収納センター)"
    tables = metadata
    history = HISTORY

    def __init__(self, settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> None:
        super().__init__(topics.PAYMENT_PROVIDER, settings, bus, clock, injected)
        self.settings: Settings = settings
        cards = _card_rules(settings)
        handling = Handling(TASKS, held)
        self.duties = ContractorDuties(self.correspondence, self.executor, handling, self.recorded, settings.seed or 0)
        self.erasing = erasing_of(self, settings, DATA, settings.erasure_months, self.duties.office)
        self.erase = erasing_by_hand(self.erasing, self.executor)
        self.commands = Commands(settings, cards, self.executor, self._seal_file, self.correspondence)
        self.queries = Queries(settings, cards, self.database, clock)
        self.centre = CollectionCentre(settings.terminal_terms(self.secret), self.commands, self.database, clock)

    def subscriptions(self) -> Sequence[On]:
        own = subscriptions(self.settings.channels)
        return (*own, *self.duties.subscriptions(), *self.erasing.subscriptions)

    def _seal_file(self, name: str, at: datetime, content: Iterator[bytes]) -> Iterator[bytes]:
        return self.sealer.seal_file(name, topics.RECEIPTS.name, at, content)

    async def books(self) -> Books:
        async with self.reading() as session:
            return await books(session)


def _card_rules(s: Settings) -> CardRules:
    timeout = timedelta(seconds=s.authorization_timeout_seconds)
    return CardRules(
        s.card_routes, timeout, s.system_fees, s.issuer_system_fees, s.system_fee_step, s.system_fee_per_step
    )


def create_app(settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> PaymentProvider:
    """The composition root."""
    return PaymentProvider(settings, bus, clock, injected)
