"""The payers' channels, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest
from contracts.http.payment_provider.collections import CollectionRequest
from contracts.http.payment_provider.payments import (
    BankChoice,
    CardChoice,
    CardRoute,
    ConsentAnswer,
    ConsentRequest,
    PaymentView,
    ScanRequest,
)
from contracts.vocabulary import Agent, Refusal
from services.console.payers.paying import Payers
from services.console.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class SandboxChannels:
    """The parties of a sandbox. No request is ever repeated, so keys are not used."""

    sandbox: Sandbox

    async def terms_version(self) -> str:
        return self.sandbox.provider.settings.terms_version

    async def card_routes(self) -> Sequence[CardRoute]:
        return self.sandbox.provider.queries.card_routes()

    async def consent(self, request: ConsentRequest) -> ConsentAnswer | Refusal:
        return await self.sandbox.provider.commands.consent(request)

    async def scan(self, request: ScanRequest, _key: str) -> PaymentView | Refusal:
        return await self.sandbox.provider.commands.scan(request)

    async def tokenize(self, agent: Agent, request: CardTokenRequest) -> CardTokenAnswer | Refusal:
        return await self.sandbox.agents[agent].commands.tokenize(request)

    async def choose_card(self, choice: CardChoice, _key: str) -> PaymentView | Refusal:
        return await self.sandbox.provider.commands.choose_card(choice)

    async def choose_bank(self, choice: BankChoice, _key: str) -> PaymentView | Refusal:
        return await self.sandbox.provider.commands.choose_bank(choice)

    async def collect(self, request: CollectionRequest, _key: str) -> PaymentView | Refusal:
        return await self.sandbox.provider.commands.collect(request)


def payers_of(sandbox: Sandbox) -> Payers:
    """Payers who pay at the parties of a sandbox."""
    return Payers(SandboxChannels(sandbox))
