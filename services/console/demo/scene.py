"""The protocol of what the demo is played on: a sandbox or a running stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from contracts.books import Books
from contracts.http.card_agent.cards import TestCard
from contracts.http.payment_provider.payments import PaymentView
from contracts.http.service import Explanation
from contracts.http.ward.slips import AssessmentsRequest, SlipView
from contracts.vocabulary import Refusal
from services.console.payers.plan import PlannedPayment


class Scene(Protocol):
    """The parties, their clock and payers; it starts at the first minute of the first day."""

    async def assess(self, request: AssessmentsRequest) -> None:
        """賦課: issue the slips of these."""

    async def slips(self, limit: int) -> Sequence[SlipView]:
        """The ward's first slips, in order of number."""

    async def test_cards(self) -> Sequence[TestCard]:
        """The test cards of every card agent."""

    async def pay(self, payments: Sequence[PlannedPayment]) -> Sequence[PaymentView | Refusal]:
        """Make these payments at this instant; what follows happens by itself."""

    async def advance(self, to: datetime) -> None:
        """Advance the clock, once nothing is under way."""

    async def payments(self, payment_ids: Sequence[str]) -> Sequence[PaymentView]:
        """The provider's views, in no particular order."""

    async def explanations(self, payment_ids: Sequence[str]) -> Mapping[str, Sequence[Explanation]]:
        """Each party's explanation of each payment: provider, ward, agents."""

    async def books(self) -> Mapping[str, Books]:
        """Every party's books, by principal."""

    async def open_items(self) -> int:
        """The number of open items at the ward."""
