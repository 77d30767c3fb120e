"""What can be asked of an agent without changing anything: what HTTP shows and `sansha explain` says.

`Queries` is the table of contents; the modules beside it read the rows, a module per subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from contracts.explaining import end_of, explanation_on
from contracts.http.card_agent.anomalies import SettlementAnomalyView
from contracts.http.card_agent.cards import TestCard
from contracts.http.card_agent.payments import AuthorizationView
from contracts.http.card_agent.settlement import StatementView, TermsView
from contracts.http.service import Explanation
from contracts.vocabulary import Refusal
from services.card_agent.behaviour import TEST_CARDS
from services.card_agent.handlers.withdraw_proxy_payment import unknown_payment
from services.card_agent.queries import explanations, settlement
from services.card_agent.settings import Settings
from services.card_agent.store import deposits
from services.card_agent.views import anomaly_view, authorization_view, statement_view, terms_view, test_card_view
from services.chassis.clock import Clock
from services.chassis.database import Database


class Queries:
    """Each method is one read-only transaction, or none. Days are those of Japan."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._agent, self._terms = settings.agent, settings.terms
        self._read, self._clock = database.read, clock

    async def anomalies(self) -> Sequence[SettlementAnomalyView]:
        """Every anomaly asked for, in the order of its closings."""
        async with self._read() as session:
            return [anomaly_view(asked) for asked in await settlement.anomalies(session)]

    async def payment(self, payment_id: str) -> AuthorizationView | Refusal:
        async with self._read() as session:
            found = await explanations.stories(session, [payment_id], None, self._agent, self._terms)
        story = found.get(payment_id)
        if story is None:
            return unknown_payment(payment_id)
        return authorization_view(story.authorization, story.card, story.closing, self._agent)

    async def explain(self, payment_ids: Sequence[str], *, on: date | None = None) -> dict[str, Explanation]:
        """This agent's part of each story, as known now or at the end of a day; an unknown payment is missing."""
        then = end_of(on, self._clock.now())
        async with self._read() as session:
            stories = await explanations.stories(session, payment_ids, then, self._agent, self._terms)
        return {payment_id: story.explain() for payment_id, story in stories.items()}

    async def explanation(self, payment_id: str, on: date | None = None) -> Explanation | Refusal:
        """For one payment. Refused for a day to come, and for one before this agent was asked about the payment."""
        not_yet = f"this agent had not been asked about payment {payment_id} yet"
        return await explanation_on(
            self.explain, payment_id, on, self._clock.now(), unknown_payment(payment_id), not_yet
        )

    async def statements(self) -> Sequence[StatementView]:
        """Closing periods by closing day, each with its deposits."""
        async with self._read() as session:
            closings = await settlement.closings(session)
            made = await deposits.of_statements(session, [closing.statement_id for closing in closings])
        return [statement_view(c, made.get(c.statement_id, ()), self._terms, self._agent) for c in closings]

    def terms(self) -> TermsView:
        return terms_view(self._terms, self._agent)

    def test_cards(self) -> Sequence[TestCard]:
        """Published card numbers that choose their outcome: those of the brands this agent takes."""
        brands = self._terms.agreed.brands
        return [test_card_view(card) for card in TEST_CARDS.values() if card.brand in brands]
