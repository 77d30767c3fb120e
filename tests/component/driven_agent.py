"""A card agent driven by hand; the test is the payment provider."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from fastapi import APIRouter
from pydantic import SecretStr
from sqlalchemy import select

from contracts import topics
from contracts.events import (
    AuthorizationRequested,
    AuthorizationReversalRequested,
    DutyEvent,
    Event,
    ProxyPaymentRequested,
)
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest
from contracts.vocabulary import Agent, Brand, DeclineReason, Yen
from services.card_agent.app import CardAgent, Settings, create_app
from services.card_agent.routes import router
from services.card_agent.tables import accounts
from tests.component.driven import Driven

NOON = datetime.fromisoformat("2021-04-12T12:00:00+09:00")
VALID = "12/27"


class DrivenAgent(Driven[CardAgent, Settings]):
    """One of the card agents, UC unless a test says otherwise."""

    name, begins = "card_agent", NOON
    terms: ClassVar[Mapping[str, object]] = {"agent": Agent.UC}

    @classmethod
    def validated(cls, settings: Mapping[str, object]) -> Settings:
        return Settings.model_validate(settings)

    def make(self) -> CardAgent:
        return create_app(self.settings, self.bus, self.clock)

    def routes(self) -> APIRouter:
        return router(self.service)

    def sender(self, event: Event) -> str:
        return topics.WARD if isinstance(event, DutyEvent) else topics.PAYMENT_PROVIDER

    @property
    def agent(self) -> Agent:
        return self.settings.agent

    async def token(self, number: str = "4000000000000002", expiry: str = VALID) -> CardTokenAnswer:
        answer = await self.service.commands.tokenize(CardTokenRequest(number=SecretStr(number), expiry=expiry))
        assert isinstance(answer, CardTokenAnswer), answer
        return answer

    def request(self, payment_id: str, card: CardTokenAnswer, amount: int = 8_500) -> AuthorizationRequested:
        return AuthorizationRequested(
            payment_id=payment_id,
            agent=self.agent,
            card_token=card.card_token,
            brand=card.brand,
            amount=Yen(amount),
            requested_at=self.clock.now(),
        )

    def reversal(self, payment_id: str, card: CardTokenAnswer) -> AuthorizationReversalRequested:
        return AuthorizationReversalRequested(
            payment_id=payment_id,
            agent=self.agent,
            card_token=card.card_token,
            reason=DeclineReason.AUTHORIZATION_TIMED_OUT,
            requested_at=self.clock.now(),
        )

    def entrustment(self, payment_id: str, card: CardTokenAnswer, amount: int = 8_500) -> ProxyPaymentRequested:
        return ProxyPaymentRequested(
            payment_id=payment_id,
            agent=self.agent,
            card_token=card.card_token,
            amount=Yen(amount),
            entrusted_at=self.clock.now(),
        )

    async def accept(self, *payment_ids: str, card: CardTokenAnswer, amount: int = 8_500) -> None:
        """Through authorization and entrustment."""
        await self.send(*(self.request(i, card, amount) for i in payment_ids))
        await self.send(*(self.entrustment(i, card, amount) for i in payment_ids))

    async def held(self) -> int:
        """Yen held on all accounts together."""
        async with self.service.reading() as session:
            return sum((await session.execute(select(accounts.c.held))).scalars())

    async def dead_letters(self) -> list[str]:
        """Why each event was set aside, sorted."""
        return sorted(letter.reason for letter in await self.service.dead_letters())


def unknown_card(brand: Brand = Brand.VISA) -> CardTokenAnswer:
    """A token that was never issued."""
    return CardTokenAnswer(agent=Agent.UC, card_token="00000000-0000-8000-8000-000000000000", brand=brand, last4="0000")
