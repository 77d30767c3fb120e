"""A party driven by hand: a real database, a bus in memory, a stepped clock, the test in the place of all others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Generic, Self, TypeVar

from fastapi import APIRouter, FastAPI

from contracts import cloudevents, topics
from contracts.events import Event
from contracts.vocabulary import Refusal
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Record
from services.chassis.clock import Clock
from services.chassis.identity import SeededIdentity
from services.chassis.service import Service
from services.chassis.web.application import create_http
from tests.component.home import Home

T = TypeVar("T")
E = TypeVar("E", bound=Event)
Party = TypeVar("Party", bound=Service)
Terms = TypeVar("Terms")


def accepted(answer: T | Refusal) -> T:
    assert not isinstance(answer, Refusal), answer
    return answer


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def jst(text: str) -> datetime:
    """A time of Japan: `2021-04-12T12:00:00`."""
    return datetime.fromisoformat(f"{text}+09:00")


class Driven(ABC, Generic[Party, Terms]):
    """`send` what others would, `advance` the clock, then read the books and what was `published`."""

    name: ClassVar[str]
    """Of its database."""
    begins: ClassVar[datetime]
    """The clock's first time, unless a test gives another."""
    terms: ClassVar[Mapping[str, object]] = {}
    """Default settings of tests."""

    def __init__(self, settings: Terms, at: datetime, home: Home | None) -> None:
        self.clock, self.bus, self.settings, self._home = Clock.stepped(at), MemoryBus(), settings, home
        self._ids = SeededIdentity(0)
        self.service = self._placed()

    @classmethod
    async def started(cls, home: Home | None = None, at: datetime | None = None, **settings: object) -> Self:
        """Start the party with these settings, on a database at home or in memory."""
        url = "sqlite://" if home is None else await home.url(cls.name)
        ours = {"seed": 1, "database_url": url, "database_durable": False, "access": "open"}
        driven = cls(cls.validated({**ours, **cls.terms, **settings}), at or cls.begins, home)
        await driven.start()
        return driven

    # ---- what each party says for itself

    @classmethod
    @abstractmethod
    def validated(cls, settings: Mapping[str, object]) -> Terms: ...

    @abstractmethod
    def make(self) -> Party: ...

    @abstractmethod
    def routes(self) -> APIRouter: ...

    @abstractmethod
    def sender(self, event: Event) -> str:
        """The principal that publishes this event to the party."""

    # ---- its process

    async def start(self) -> None:
        await self.service.start()

    async def restart(self) -> None:
        """Stop the process cleanly, and start another over the same database and bus."""
        await self.service.close()
        await self._start_another()

    async def crash(self) -> None:
        """Kill the process, and start another over the same database and bus."""
        await self.service.abandon()
        await self._start_another()

    async def _start_another(self) -> None:
        self.service = self._placed()
        await self.service.start()

    def _placed(self) -> Party:
        service = self.make()
        if self._home is not None:
            self._home.lives_here(service)
        return service

    @property
    def http(self) -> FastAPI:
        """The application that its process serves."""
        return create_http(self.service, self.routes())

    # ---- time

    async def settle(self) -> None:
        while await self.service.step():
            pass

    async def advance(self, to: datetime | str) -> None:
        """Step from due time to due time, as the owner of a stack's clock does. A string is ISO 8601."""
        at = datetime.fromisoformat(to) if isinstance(to, str) else to
        await self.settle()
        while (due := self.service.relay.next_due) is not None and due <= at:
            self.clock.step_to(max(due, self.clock.now()))
            await self.settle()
        self.clock.step_to(max(at, self.clock.now()))

    # ---- events

    async def send(
        self, *events: Event, again: str = "", ids: Sequence[str] = (), sent_at: datetime | None = None
    ) -> None:
        """Send events as their owners would; returns when all are handled. A new value of `again` gives them new ids,
        `ids` gives them these."""
        own = ids or [self._ids.new(event.TYPE, *event.natural_key, again) for event in events]
        await self.bus.produce([self.record(*one, sent_at) for one in zip(events, own, strict=True)])
        await self.settle()

    def record(self, event: Event, event_id: str = "", sent_at: datetime | None = None) -> Record:
        owner, event_id = self.sender(event), event_id or self._ids.new(event.TYPE, *event.natural_key, "")
        headers = cloudevents.headers(event_id, event, owner, sent_at or self.clock.now())
        return Record(topics.topic_of(event, owner), event.key, cloudevents.encode_value(event), headers)

    async def published(self, event_type: type[E]) -> list[E]:
        """Every event of this type so far, by time, then by natural key."""
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
