"""What the demo, exploring and scenarios ask of a sandbox: its parties, its clock and payers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from contracts.books import Books
from contracts.http.card_agent.cards import TestCard
from contracts.http.payment_provider.payments import PaymentView
from contracts.http.service import Explanation
from contracts.http.ward.slips import AssessmentsRequest, SlipView
from contracts.vocabulary import Refusal
from services.console.payers.paying import expect
from services.console.payers.plan import PlannedPayment
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox


class SandboxScene:
    """The parties of a sandbox, and payers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._payers = payers_of(sandbox)

    async def assess(self, request: AssessmentsRequest) -> None:
        expect(await self.sandbox.ward.commands.assess(request))

    async def slips(self, limit: int) -> Sequence[SlipView]:
        return await self.sandbox.ward.queries.slips(limit=limit)

    async def test_cards(self) -> Sequence[TestCard]:
        return [card for agent in self.sandbox.agents.values() for card in agent.queries.test_cards()]

    async def pay(self, payments: Sequence[PlannedPayment]) -> Sequence[PaymentView | Refusal]:
        return await asyncio.gather(*map(self._payers.pay, payments))

    async def advance(self, to: datetime) -> None:
        await self.sandbox.advance(to)

    async def payments(self, payment_ids: Sequence[str]) -> Sequence[PaymentView]:
        return await self.sandbox.provider.queries.payments(payment_ids)

    async def explanations(self, payment_ids: Sequence[str]) -> Mapping[str, Sequence[Explanation]]:
        s = self.sandbox
        parts = [await s.provider.queries.explain(payment_ids), await s.ward.queries.explain(payment_ids)]
        parts += [await agent.queries.explain(payment_ids) for agent in s.agents.values()]
        return {payment_id: [part[payment_id] for part in parts if payment_id in part] for payment_id in payment_ids}

    async def books(self) -> Mapping[str, Books]:
        return await self.sandbox.books()

    async def open_items(self) -> int:
        return len(await self.sandbox.ward.queries.open_items())
