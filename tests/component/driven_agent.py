"""A card agent driven by hand: a real database, a bus in memory, a stepped clock, the test in the provider's place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select

from contracts import cloudevents, topics
from contracts.events import (
    AuthorizationRequested,
    AuthorizationReversalRequested,
    Event,
    ProxyPaymentRequested,
)
from contracts.http.card_agent.cards import CardTokenAnswer, CardTokenRequest
from contracts.vocabulary import Agent, Brand, DeclineReason, Yen
from services.card_agent.app import CardAgent, Settings, create_app
from services.card_agent.routes import router
from services.card_agent.tables import accounts
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Record
from services.chassis.clock import Clock
from services.chassis.identity import SeededIdentity
from services.chassis.web.application import create_http
from tests.component.home import Home

E = TypeVar("E", bound=Event)

NOON = datetime.fromisoformat("2021-04-12T12:00:00+09:00")
VALID = "12/27"


class DrivenAgent:
    """`send` what the provider would, `advance` the clock, then look at what was `published`."""

    def __init__(self, settings: Settings, at: datetime, home: Home | None) -> None:
        self.home = home
        self.clock, self.bus = Clock.stepped(at), MemoryBus()
        self.settings, self.agent = settings, settings.agent
        self.service = self._made()
        self._provider = SeededIdentity(0)

    @classmethod
    async def started(
        cls, home: Home | None = None, agent: Agent = Agent.UC, at: datetime = NOON, **terms: object
    ) -> DrivenAgent:
        url = "sqlite://" if home is None else await home.url(agent)
        values: dict[str, object] = {"agent": agent, "seed": 1, "database_url": url, "database_durable": False, **terms}
        driven = cls(Settings.model_validate(values), at, home)
        await driven.service.start()
        return driven

    def _made(self) -> CardAgent:
        service = create_app(self.settings, self.bus, self.clock)
        if self.home is not None:
            self.home.lives_here(service)
        return service

    @property
    def http(self) -> FastAPI:
        """The application that its process serves."""
        return create_http(self.service, router(self.service))

    async def restart(self) -> None:
        """Another process over the same database and bus."""
        await self.service.close()
        self.service = self._made()
        await self.service.start()

    async def token(self, number: str = "4000000000000002", expiry: str = VALID) -> CardTokenAnswer:
        answer = await self.service.commands.tokenize(CardTokenRequest(number=SecretStr(number), expiry=expiry))
        assert isinstance(answer, CardTokenAnswer), answer
        return answer

    async def settle(self) -> None:
        while await self.service.step():
            pass

    async def send(self, *events: Event, ids: Sequence[str] = (), sent_at: datetime | None = None) -> None:
        """As the provider sends them: now, one id for one event, unless `sent_at` and `ids` say otherwise."""
        own = ids or [self._provider.new(event.TYPE, *event.natural_key) for event in events]
        records = [
            Record(
                topics.topic_of(event, topics.PAYMENT_PROVIDER),
                event.key,
                cloudevents.encode_value(event),
                cloudevents.headers(event_id, event, topics.PAYMENT_PROVIDER, sent_at or self.clock.now()),
            )
            for event, event_id in zip(events, own, strict=True)
        ]
        await self.bus.produce(records)
        await self.settle()

    async def advance(self, to: str) -> None:
        """From due time to due time, as whoever owns the clock does."""
        at = datetime.fromisoformat(to)
        await self.settle()
        while (due := self.service.relay.next_due) is not None and due <= at:
            self.clock.step_to(max(due, self.clock.now()))
            await self.settle()
        self.clock.step_to(at)

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

    async def published(self, event_type: type[E]) -> list[E]:
        """Every event of this type so far, the first first; by id where the time is the same."""
        decoder = cloudevents.Decoder()
        found: list[tuple[datetime, E]] = []
        for topic in topics.TOPICS:
            if topic.owner == self.service.principal and event_type in topic.events:
                for message in await self.bus.read(topic.name, max_records=100_000):
                    attributes = cloudevents.envelope(message.headers)
                    event = decoder.decode(attributes.type, message.value)
                    if isinstance(event, event_type):
                        found.append((attributes.time, event))
        return [event for _, event in sorted(found, key=lambda pair: (pair[0], pair[1].natural_key))]

    async def held(self) -> int:
        """What is held on all accounts together."""
        async with self.service.reading() as session:
            return sum((await session.execute(select(accounts.c.held))).scalars())

    async def dead_letters(self) -> list[str]:
        """Why each event was set aside, sorted."""
        return sorted(letter.reason for letter in await self.service.dead_letters())


def unknown_card(brand: Brand = Brand.VISA) -> CardTokenAnswer:
    """A token that nobody gave."""
    return CardTokenAnswer(agent=Agent.UC, card_token="00000000-0000-8000-8000-000000000000", brand=brand, last4="0000")
