"""A card agent put together: settings in, a service out. What the console may import."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cached_property, partial

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import topics
from contracts.books import Books
from contracts.explaining import end_of, explanation_on
from contracts.http.card_agent.anomalies import (
    CorrectionAnswer,
    CorrectionRequest,
    SettlementAnomalyRequest,
    SettlementAnomalyView,
)
from contracts.http.card_agent.cards import (
    CardTokenAnswer,
    CardTokenRequest,
    CardTokensAnswer,
    CardTokensRequest,
    TestCard,
)
from contracts.http.card_agent.payments import AuthorizationView, WithdrawalAnswer
from contracts.http.card_agent.settlement import StatementView, TermsView
from contracts.http.service import Explanation
from contracts.vocabulary import Refusal
from services.card_agent import store
from services.card_agent.behaviour import TEST_CARDS
from services.card_agent.books import ACCOUNT_NAMES, books, deposits_made
from services.card_agent.domain.as_of import as_it_stood
from services.card_agent.domain.terms import TERMS, Terms
from services.card_agent.explanation import Story, anomalies_then, closing_then
from services.card_agent.handlers.correct_settlement import correct_settlements
from services.card_agent.handlers.inject_anomaly import inject_anomalies
from services.card_agent.handlers.tokenize_card import (
    CardRegistration,
    CardRegistrations,
    registration_of,
    registrations_of,
    tokenize_cards,
    tokenize_many,
)
from services.card_agent.handlers.withdraw_proxy_payment import WithdrawalRequest, unknown_payment, withdraw_payments
from services.card_agent.migrations import HISTORY
from services.card_agent.settings import Settings
from services.card_agent.subscriptions import subscriptions
from services.card_agent.tables import metadata
from services.card_agent.views import anomaly_view, authorization_view, statement_view, terms_view, test_card_view
from services.chassis.bus.port import EventBus
from services.chassis.clock import Clock
from services.chassis.commands import Command
from services.chassis.consumer import On
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
    """丙: one method per use case. A refusal is returned, not raised."""

    title = "sansha card agent (丙 指定代理納付者)"
    tables = metadata
    history = HISTORY
    settings: Settings

    @cached_property
    def _terms(self) -> Terms:
        return self.settings.terms

    @cached_property
    def _tokenize(self) -> Command[CardRegistration, CardTokenAnswer]:
        handler = partial(tokenize_cards, agent=self.settings.agent)
        return Command("tokenize", handler, CardTokenAnswer, lambda r: (r.card_key,))

    @cached_property
    def _tokenize_many(self) -> Command[CardRegistrations, CardTokensAnswer]:
        handler = partial(tokenize_many, agent=self.settings.agent)
        return Command("tokenize_many", handler, CardTokensAnswer, lambda r: tuple({c.card_key for c in r.cards}))

    @cached_property
    def _withdraw(self) -> Command[WithdrawalRequest, WithdrawalAnswer]:
        handler = partial(withdraw_payments, agent=self.settings.agent)
        return Command("withdraw", handler, WithdrawalAnswer, lambda r: (r.payment_id,))

    @cached_property
    def _inject(self) -> Command[SettlementAnomalyRequest, SettlementAnomalyView]:
        # one after the other: a request without a day has to see what the one before it did
        return Command(
            "inject", partial(inject_anomalies, terms=self._terms), SettlementAnomalyView, lambda _: ("anomalies",)
        )

    @cached_property
    def _correct(self) -> Command[CorrectionRequest, CorrectionAnswer]:
        handler = partial(correct_settlements, agent=self.settings.agent, terms=self._terms)
        return Command("correct", handler, CorrectionAnswer, lambda r: (r.statement_id,))

    def subscriptions(self) -> Sequence[On]:
        return subscriptions(self.settings.agent, self._terms, self.settings.issuer)

    async def tokenize(self, request: CardTokenRequest, key: str | None = None) -> CardTokenAnswer | Refusal:
        """カード番号入力. The number goes no further than this method."""
        registration = registration_of(request, self._terms.agreed.brands, self.secret)
        if isinstance(registration, Refusal):
            return registration
        return await self.execute(self._tokenize, registration, key)

    async def tokenize_many(self, request: CardTokensRequest, key: str | None = None) -> CardTokensAnswer | Refusal:
        """Many cards at once, each for itself. The numbers go no further than this method."""
        registrations = registrations_of(request, self._terms.agreed.brands, self.secret)
        return await self.execute(self._tokenize_many, registrations, key)

    async def withdraw(self, payment_id: str, key: str | None = None) -> WithdrawalAnswer | Refusal:
        """売上取消: the card company revokes the sale, until its closing is issued."""
        return await self.execute(self._withdraw, WithdrawalRequest(payment_id=payment_id), key)

    async def inject(
        self, request: SettlementAnomalyRequest, key: str | None = None
    ) -> SettlementAnomalyView | Refusal:
        """異常: the settlement of a closing will go wrong."""
        return await self.execute(self._inject, request, key)

    async def anomalies(self) -> Sequence[SettlementAnomalyView]:
        """Every anomaly asked for, in the order of its closings."""
        async with self.reading() as session:
            found = await store.all_anomalies(session)
        return [anomaly_view(kept) for of_day in found.values() for kept in of_day.values()]

    async def correct(self, statement_id: str, key: str | None = None) -> CorrectionAnswer | Refusal:
        """精算訂正: make good what went wrong with a closing."""
        return await self.execute(self._correct, CorrectionRequest(statement_id=statement_id), key)

    async def payment(self, payment_id: str) -> AuthorizationView | Refusal:
        """One payment."""
        async with self.reading() as session:
            story = (await self._stories(session, [payment_id])).get(payment_id)
        if story is None:
            return unknown_payment(payment_id)
        return authorization_view(story.authorization, story.card, story.closing, self.settings.agent)

    async def explain(self, payment_ids: Sequence[str], *, on: date | None = None) -> dict[str, Explanation]:
        """This party's part of each story, up to the end of a day of Japan where one is named that is over; a payment
        that it does not know, or did not know by then, is missing."""
        async with self.reading() as session:
            stories = await self._stories(session, payment_ids, end_of(on, self.clock.now()))
        return {payment_id: story.explain() for payment_id, story in stories.items()}

    async def explanation(self, payment_id: str, on: date | None = None) -> Explanation | Refusal:
        """The same of one payment. A day to come is refused, and one before this agent was asked about the payment."""
        not_yet = f"this agent had not been asked about payment {payment_id} yet"
        return await explanation_on(
            self.explain, payment_id, on, self.clock.now(), unknown_payment(payment_id), not_yet
        )

    async def statements(self) -> Sequence[StatementView]:
        """Closing periods, the first first, with the state of each deposit."""
        async with self.reading() as session:
            closings = await store.all_closings(session)
            made = await store.deposits_of(session, [closing.statement_id for closing in closings])
        return [statement_view(c, made.get(c.statement_id, ()), self._terms, self.settings.agent) for c in closings]

    def terms(self) -> TermsView:
        """The terms of settlement in force."""
        return terms_view(self._terms, self.settings.agent)

    def test_cards(self) -> Sequence[TestCard]:
        """Published card numbers that choose their outcome: those of the brands this agent takes."""
        brands = self._terms.agreed.brands
        return [test_card_view(card) for card in TEST_CARDS.values() if card.brand in brands]

    async def books(self) -> Books:
        """What the books say."""
        async with self.reading() as session:
            return await books(session, self.settings.agent)

    async def _stories(
        self, session: AsyncConnection, payment_ids: Sequence[str], then: datetime | None = None
    ) -> dict[str, Story]:
        """What is known, or was at an instant that is past."""
        known = await store.find(session, payment_ids)
        if then is not None:
            before = await store.counted_before(session, payment_ids, then)
            counted = {i: a._replace(closes_on=before.get(i, a.closes_on)) for i, a in known.items()}
            known = {i: stood for i, a in counted.items() if (stood := as_it_stood(a, then)) is not None}
        cards = await store.known_cards(session, {a.card_token for a in known.values()})
        closings = await store.find_closings(session, {a.closes_on for a in known.values() if a.closes_on is not None})
        kept = await store.anomalies_of(session, closings) if closings else {}
        anomalies = {day: tuple(of_day.values()) for day, of_day in kept.items()}
        if then is not None:
            closings = {day: closing_then(closing, then) for day, closing in closings.items()}
            anomalies = {day: anomalies_then(of_day, closings[day], then) for day, of_day in anomalies.items()}
        return {
            payment_id: Story(
                self.principal,
                a,
                cards.get(a.card_token),
                None if a.closes_on is None else closings.get(a.closes_on),
                self._terms,
                () if a.closes_on is None else anomalies.get(a.closes_on, ()),
            )
            for payment_id, a in known.items()
        }


def create_app(settings: Settings, bus: EventBus, clock: Clock, injected: Faults | None = None) -> CardAgent:
    """The composition root."""
    return CardAgent(topics.card_agent(settings.agent), settings, bus, clock, injected)
