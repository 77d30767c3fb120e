"""The smallest party that exercises the chassis: it books entries, asks an agent, and sets timers.

It stands in a real party's place on the bus, on a real database, under a clock that the test moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, func, select

from contracts import cloudevents, topics
from contracts.events import AuthorizationRequested, Event
from contracts.vocabulary import Agent, Brand, Refusal, Yen
from services.chassis.bus.log_bus import LogBus
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Message, Record
from services.chassis.clock import Clock
from services.chassis.commands import Command
from services.chassis.consumer import On
from services.chassis.database.columns import Instant
from services.chassis.faults import Faults
from services.chassis.identity import SeededIdentity
from services.chassis.migrations import History
from services.chassis.service import Service
from services.chassis.settings import ServiceSettings
from services.chassis.transaction import Transaction
from services.chassis.web.application import create_http
from services.chassis.web.routing import PartyRouter
from tests.component.home import Home

NOON = datetime.fromisoformat("2021-04-12T12:00:00+09:00")
ASKER, ANSWERER = topics.PAYMENT_PROVIDER, topics.card_agent(Agent.UC)
INBOUND = topics.authorization_results(Agent.UC).name
"""The topic from which the asker reads entries."""
OUTBOUND = topics.authorization_requests(Agent.UC).name
"""The topic to which the asker publishes and from which the answerer reads."""
BROKEN_AMOUNT = 666
"""The handler has a bug with this amount."""

metadata = MetaData()
owners = Table("owners", metadata, Column("name", String, primary_key=True))
entries = Table(
    "entries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("name", String, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    # Checked on commit: an unknown owner makes the commit itself fail.
    Column("owner", ForeignKey("owners.name", deferrable=True, initially="DEFERRED")),
)
tokens = Table(
    "tokens",
    metadata,
    Column("name", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("amount", Integer, nullable=False),
)
"""Rows with a natural key, their name."""


class Entry(Event, frozen=True, kw_only=True):
    """Book this, and ask the agent about it."""

    TYPE: ClassVar[str] = "sansha.test.entry.v1"
    account: str
    name: str
    amount: int = 1
    owner: str | None = None

    @property
    def subject(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return self.account


class Token(Entry, frozen=True, kw_only=True):
    """Store this under its name, which is its natural key, and ask the agent about it."""

    TYPE: ClassVar[str] = "sansha.test.token.v1"


class ReminderWanted(Entry, frozen=True, kw_only=True):
    """Book this at `due`, not before."""

    TYPE: ClassVar[str] = "sansha.test.reminder_wanted.v1"
    due: datetime


class ReminderDropped(Entry, frozen=True, kw_only=True):
    """Do not book it after all."""

    TYPE: ClassVar[str] = "sansha.test.reminder_dropped.v1"


class Reminder(Entry, frozen=True, kw_only=True):
    """The timer."""

    TYPE: ClassVar[str] = "sansha.test.timer.reminder"


class EntryRequest(BaseModel):
    account: str
    name: str
    amount: int = Field(1, examples=[1])
    owner: str | None = None


class EntryAnswer(BaseModel):
    name: str
    balance: int
    at: datetime


class TinyParty(Service):
    """Refuses a negative amount only after it has written: a failure midway."""

    title = "tiny party"
    tables = metadata
    history = History("tiny", 1, Path(__file__).parent)

    def subscriptions(self) -> Sequence[On]:
        return (
            On(Entry, _book_and_ask),
            On(Token, keep_tokens, natural_key=True),
            On(ReminderWanted, _schedule),
            On(ReminderDropped, _cancel),
            On(Reminder, _book),
            On(AuthorizationRequested, _answer),
        )

    @cached_property
    def add(self) -> Command[EntryRequest, EntryAnswer]:
        return self.executor.command("add", EntryRequest, EntryAnswer, _add_entries, lambda r: (r.account,))


def router(party: TinyParty) -> APIRouter:
    api = PartyRouter()
    api.command("/entries", party.add, status=201, summary="Book an entry")
    return api


def _refuse_negative(events: Sequence[Entry]) -> None:
    for event in events:
        if event.amount < 0:
            raise ValueError(f"entry {event.name} has the amount {event.amount}, below 0")


async def _book(events: Sequence[Entry], tx: Transaction) -> None:
    rows = [{"account": e.account, "name": e.name, "amount": e.amount, "at": tx.now, "owner": e.owner} for e in events]
    await tx.session.execute(entries.insert(), rows)


async def _book_and_ask(events: Sequence[Entry], tx: Transaction) -> None:
    await _book(events, tx)
    for event in events:
        tx.publish(asked_about(event.account, event.name, event.amount, tx.now))
    _refuse_negative(events)


async def keep_tokens(events: Sequence[Token], tx: Transaction) -> None:
    """A token that exists is left as it is, and the agent is not asked about it again."""
    named = select(tokens.c.name).where(tokens.c.name.in_([e.name for e in events]))
    known = set((await tx.session.execute(named)).scalars())
    for event in events:
        if event.name in known:
            tx.repeated.append(event)
            continue
        known.add(event.name)
        row = {"name": event.name, "account": event.account, "amount": event.amount}
        await tx.session.execute(tokens.insert(), row)
        tx.publish(asked_about(event.account, event.name, event.amount, tx.now))
    _refuse_negative(events)


async def _answer(events: Sequence[AuthorizationRequested], tx: Transaction) -> None:
    await _book([Entry(account=e.card_token, name=e.payment_id, amount=e.amount) for e in events], tx)


async def _schedule(events: Sequence[ReminderWanted], tx: Transaction) -> None:
    for event in events:
        tx.schedule(Reminder(account=event.account, name=event.name), event.due)
    _refuse_negative(events)


async def _cancel(events: Sequence[ReminderDropped], tx: Transaction) -> None:
    tx.cancel(Reminder, (event.name for event in events))


async def _add_entries(requests: Sequence[EntryRequest], tx: Transaction) -> Sequence[EntryAnswer | Refusal]:
    answers: list[EntryAnswer | Refusal] = []
    for r in requests:
        if r.amount < 0:
            answers.append(Refusal("amount_below_zero", f"the amount is {r.amount}", "send 0 or more"))
            continue
        total = select(func.coalesce(func.sum(entries.c.amount), 0)).where(entries.c.account == r.account)
        before = int((await tx.session.execute(total)).scalar_one())
        await _book([Entry(account=r.account, name=r.name, amount=r.amount, owner=r.owner)], tx)
        tx.publish(asked_about(r.account, r.name, r.amount, tx.now))
        answers.append(EntryAnswer(name=r.name, balance=before + r.amount, at=tx.now))
        if r.amount == BROKEN_AMOUNT:
            raise RuntimeError(f"a bug with entry {r.name}")
    return answers


def asked_about(account: str, name: str, amount: int, at: datetime) -> AuthorizationRequested:
    """What the asker publishes: a contract's event, keyed by the account."""
    return AuthorizationRequested(
        payment_id=name, agent=Agent.UC, card_token=account, brand=Brand.VISA, amount=Yen(amount), requested_at=at
    )


class Died(BaseException):
    """The process ended here."""


class DiesAt:
    """Faults: ends the process at a point, the `nth` time it is reached."""

    def __init__(self, point: str, nth: int = 1) -> None:
        self._point, self._left = point, nth

    def reached(self, point: str) -> None:
        self._left -= point == self._point
        if point == self._point and self._left == 0:
            raise Died(point)


class Counting:
    """Faults: counts how often each point is reached."""

    def __init__(self) -> None:
        self.times: Counter[str] = Counter()

    def reached(self, point: str) -> None:
        self.times[point] += 1


class Driven:
    """A tiny party driven by hand: `send` what others would, `settle`, read its rows and what it published."""

    service: TinyParty

    def __init__(self, home: Home, principal: str = ASKER, clock: Clock | None = None) -> None:
        self.home, self.principal = home, principal
        self.clock, self.bus = clock or Clock.stepped(NOON), MemoryBus()
        self._ids = SeededIdentity(0)

    @classmethod
    async def started(cls, home: Home, faults: Faults | None = None, clock: Clock | None = None) -> Driven:
        driven = cls(home, clock=clock)
        await driven.start(faults)
        return driven

    async def start(self, faults: Faults | None = None, **more: Any) -> None:
        """Another process over the same database and bus, with these settings; the methods below read from it."""
        url = await self.home.url(self.principal)
        given: dict[str, Any] = {
            "seed": 1,
            "database_url": url,
            "database_durable": False,
            "access": "open",
            **more,
        }
        settings = ServiceSettings(**given)
        self.service = TinyParty(self.principal, settings, self.bus, self.clock, faults)
        self.home.lives_here(self.service)
        await self.service.start()

    @property
    def http(self) -> FastAPI:
        """The application that its process serves."""
        return create_http(self.service, router(self.service))

    async def crash(self, faults: Faults | None = None) -> None:
        """Kill the process, and start another."""
        await self.service.abandon()
        await self.start(faults)

    async def settle(self) -> None:
        while await self.service.step():
            pass

    def record(self, event: Entry, event_id: str = "", at: datetime | None = None) -> Record:
        marks = cloudevents.headers(
            event_id or self._ids.new(event.TYPE, *event.natural_key), event, ANSWERER, at or self.clock.now()
        )
        return Record(INBOUND, event.key, cloudevents.encode_value(event), marks)

    async def send(self, *events: Entry, at: datetime | None = None) -> None:
        """Produce events to the bus; the party handles them on its next step."""
        await self.bus.produce([self.record(event, at=at) for event in events])

    async def names(self) -> list[str]:
        """Names of the entries, in the order of booking."""
        async with self.service.reading() as session:
            return list((await session.execute(select(entries.c.name).order_by(entries.c.number))).scalars())

    async def token_amounts(self) -> dict[str, int]:
        """Token → its amount."""
        async with self.service.reading() as session:
            found = (await session.execute(select(tokens.c.name, tokens.c.amount).order_by(tokens.c.name))).all()
        return {name: amount for name, amount in found}

    async def booked_at(self) -> dict[str, datetime]:
        """Entry → when it was booked."""
        async with self.service.reading() as session:
            found = (await session.execute(select(entries.c.name, entries.c.at))).all()
        return {name: at for name, at in found}

    async def count(self, table: str) -> int:
        """Rows of any table of its database."""
        async with self.service.reading() as session:
            return int((await session.execute(select(func.count()).select_from(Table(table, MetaData())))).scalar_one())

    async def published(self) -> list[Message]:
        """The messages of the outbound topic, in order per account."""
        return list(await self.bus.read(OUTBOUND, max_records=100_000))

    async def asked(self) -> list[str]:
        """The entries that the agent was asked about, in order per account."""
        return [cloudevents.envelope(message.headers).subject for message in await self.published()]


async def bury(bus: LogBus, principal: str) -> None:
    """Expel every member of the principal's group, as if all had died."""
    for member in await bus.members(principal):
        await bus.evict(principal, member)
