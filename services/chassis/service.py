"""A service: database, consumer, relay and commands put together, to be stepped or to be run.

A sandbox calls `step` on each of its services until none has anything to do. A process (`process.py`) runs consumer and
relay beside its HTTP until a request to stop.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import platform
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any

import structlog
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import topics
from contracts.access_log import Access
from contracts.books import Books
from contracts.http.service import DeadLetterView, Environment, ServiceStatus, WaitView
from contracts.vocabulary import Refusal, business_date
from services.chassis import faults
from services.chassis.access.caller import Caller
from services.chassis.access_log import AccessLog, AccessRecorder
from services.chassis.bus.port import EventBus, Message, TopicSpec
from services.chassis.clock import Clock
from services.chassis.commands import Answers, Executor
from services.chassis.consumer import Consumer, EventProcessor, On
from services.chassis.database import Database
from services.chassis.duties.checkpoints import Checkpoints
from services.chassis.duties.correspondence import Correspondence
from services.chassis.duties.recorded import Recorded
from services.chassis.duties.register import Register, Registered, Wanted
from services.chassis.duties.staff import plan_this_year
from services.chassis.duties.terms import DutyTerms
from services.chassis.erasure.planning import plan_erasures
from services.chassis.erasure.records import Erasures
from services.chassis.health import Health, Rows
from services.chassis.identity import Identity, SeededIdentity, TimeOrderedIdentity
from services.chassis.logins import LoginAttempt, Logins, RecordedLogin
from services.chassis.messaging.dead_letters import DeadLetters
from services.chassis.messaging.inbox import Inbox
from services.chassis.messaging.outbox import Outbox
from services.chassis.messaging.relay import Relay
from services.chassis.migrations import CHASSIS, History, Schema
from services.chassis.migrations.same_database import mark_unless_out, require_its_database
from services.chassis.migrations.up_to_date import migrate
from services.chassis.outages import Unusable, is_outage, said
from services.chassis.protections import protections_of
from services.chassis.sealing.choosing import opener_for, sealer_for
from services.chassis.sealing.port import MissingKeys
from services.chassis.sealing.pseudonyms import Pseudonyms
from services.chassis.set_aside import SetAside
from services.chassis.settings import ServiceSettings
from services.chassis.signing import Signer
from services.chassis.telemetry import Metrics
from services.chassis.transaction import Author
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.waits import NotAnswering, Waits

log = structlog.get_logger(__name__)


def topic_specs(principal: str | None = None) -> Sequence[TopicSpec]:
    """The topics of the contract in the terms of a bus: all, or those that a principal owns or reads."""
    wanted = [t for t in topics.TOPICS if principal is None or principal in (t.owner, *t.readers)]
    return [TopicSpec(t.name, t.partitions, t.retention.total_seconds()) for t in wanted]


def identity_of(settings: ServiceSettings) -> Identity:
    """Seeded if there is a seed, else ordered by time."""
    return TimeOrderedIdentity() if settings.seed is None else SeededIdentity(settings.seed)


def _require_own_keys(settings: ServiceSettings) -> None:
    if settings.sealing_readers_file is not None and settings.sealing_keys_file is None:
        raise MissingKeys(
            "SANSHA_SEALING_READERS_FILE seals the party's own timers, too, which it could not open: set "
            "SANSHA_SEALING_KEYS_FILE, the file of its private keys (sansha provision keys)"
        )


class MissingSecret(Unusable, ValueError):
    """Tokens and fingerprints cannot be keyed."""


class Service(ABC):
    """One party, or one replica of it. A party extends it with its commands and queries."""

    title: str
    tables: MetaData
    history: History

    def __init__(
        self,
        principal: str,
        settings: ServiceSettings,
        bus: EventBus,
        clock: Clock,
        injected: faults.Faults | None = None,
    ) -> None:
        self.principal, self.settings, self.bus, self.clock = principal, settings, bus, clock
        self.identity = identity_of(settings)
        self.metrics, self.waits = Metrics(timed=settings.timed), Waits()
        self.database = Database(
            settings.database_url, durable=settings.database_durable, pool_size=settings.database_pool_size
        )
        self.faults = injected or faults.parse(settings.crash_at)
        self._chassis_tables = MetaData()
        tables = self._chassis_tables
        self._outbox, self._inbox = Outbox(tables), Inbox(tables)
        self.letters = DeadLetters(tables)
        self.relay = Relay(self.database, self._outbox, bus, clock, self.metrics, self.faults)
        self.sealer = sealer_for(settings.sealing_readers_file)
        self.opener = opener_for(principal, settings.sealing_keys_file, self.sealer.forget)
        _require_own_keys(settings)
        author = Author(principal, self.identity, self.sealer, Pseudonyms(lambda: self.secret))
        self._unit = UnitOfWork(self.database, self.relay, author, self.metrics, self.faults)
        self.answers, self.erasures = Answers(tables), Erasures(tables)
        self.executor = Executor(self._unit, self.answers, clock, self.metrics, self.secret)
        self.logins = Logins(tables, settings.lockout)
        self.access_log = AccessLog(tables)
        self._recorder = AccessRecorder(self.database, self.access_log)
        self.record_login = self.executor.command(
            "record_login", LoginAttempt, RecordedLogin, self.logins.decide, lambda attempt: (attempt.user,)
        )
        self._set_aside = SetAside(self.database, self.letters, self.executor, lambda: self._processor)
        self.signer = Signer(settings.signing_key, lambda: self.secret)
        self.register = Register(tables, principal)
        self.correspondence = Correspondence(self.register, DutyTerms.of(settings))
        self.recorded = Recorded(self.access_log, self.logins).figures
        self._checkpoints = Checkpoints(self.correspondence, self.access_log, self.signer)
        self._checkpoint_planned: date | None = None
        self._consumer: Consumer | None = None
        self.health = Health(self.waits, self._lag, self._rows, self.database.require_writing)
        self.damage: asyncio.Future[Unusable] | None = None
        """Of a running process: set by a request that found a damage, which ends the process."""

    @abstractmethod
    def subscriptions(self) -> Sequence[On]:
        """Event → handler, for every event that the service consumes."""

    @property
    def _all_subscriptions(self) -> Sequence[On]:
        return (*self.subscriptions(), *self._checkpoints.subscriptions)

    @property
    def secret(self) -> bytes:
        """Keys tokens and fingerprints; the same after a restart.

        Raises `MissingSecret` if neither a secret nor a seed is set.
        """
        if self.settings.secret:
            return self.settings.secret.encode()
        if self.settings.seed is None:
            raise MissingSecret(
                "there is neither SANSHA_SECRET nor a file secret in SANSHA_SECRETS_DIR: restore the secret with which "
                "the party was first started, for its tokens depend on it; at a first start give a random text, or "
                "SANSHA_SEED"
            )
        return hashlib.sha256(f"sansha/{self.settings.seed}/{self.principal}".encode()).digest()

    @property
    def topics(self) -> Sequence[str]:
        """The topics that this service consumes."""
        return [*(t.name for t in topics.readable_by(self.principal))]

    async def start(self) -> None:
        """Create missing topics, create or migrate the tables, join the consumer group.

        Raises `Unusable` if the database is not the one that the group's events were handled in.
        """
        await self.bus.create_topics(topic_specs(self.principal))
        await require_its_database(self.database, self.bus, self.principal, self.topics)
        await self._make_tables()
        await self.database.mark()
        processor = EventProcessor(
            self._unit, self._inbox, self.letters, self._all_subscriptions, self.clock, self.opener
        )
        subscription = await self.bus.subscribe(self.principal, self.topics)
        self._processor, self._subscription = processor, subscription
        if self.correspondence.terms.kept:
            async with self._unit.transaction(self.clock.now()) as tx:
                plan_this_year(tx.now, tx)
                plan_erasures(tx)
        self._consumer = Consumer(subscription, processor, faults=self.faults, waits=self.waits)

    @property
    def schemas(self) -> Sequence[Schema]:
        """The chassis' tables and the party's own."""
        return Schema(self._chassis_tables, CHASSIS), Schema(self.tables, self.history)

    async def _make_tables(self) -> None:
        """A database in memory ends with its process and needs no history."""
        if self.database.is_in_memory:
            for schema in self.schemas:
                await self.database.create(schema.tables)
        else:
            await migrate(self.database, self.schemas)

    @property
    def consumer(self) -> Consumer:
        """The consumer of a started service."""
        assert self._consumer is not None, "start the service first"
        return self._consumer

    async def step(self) -> int:
        """Send due messages and handle arrived ones, without waiting. Returns how many there were in all."""
        return await self.relay.send_due() + await self.consumer.handle_next(timeout=0)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A read-only transaction."""
        return self.database.read()

    async def is_ready(self) -> bool:
        """Whether this service has joined its group, reaches database and bus, and nothing keeps it from its work."""
        return not await self.obstacles()

    async def obstacles(self) -> Sequence[str]:
        """What keeps it from its work, each in a few words."""
        if self._consumer is None:
            return ["the service is starting or stopping"]
        return list(map(str, await self.health.obstacles()))

    async def status(self) -> ServiceStatus:
        """How far it lags behind, when its next timer is due, and what waits.

        Raises `NotAnswering`, which says what waits, if the bus or the database does not answer.
        """
        lag, rows = await self.health.read()
        if lag is None or rows is None:
            raise NotAnswering("; ".join(map(str, self.waits.all())))
        return ServiceStatus(
            principal=self.principal,
            now=self.clock.now(),
            seed=self.settings.seed,
            clock_rate=self.clock.reading.rate,
            outbox_due=rows.outbox.due,
            next_due_at=rows.outbox.next_due,
            dead_letters=rows.dead_letters,
            lag=dict(lag),
            waiting=self.waiting,
        )

    @property
    def waiting(self) -> tuple[WaitView, ...]:
        """What waits now, as it was last known."""
        return tuple(WaitView.model_validate(wait._asdict()) for wait in self.waits.all())

    async def _lag(self) -> Mapping[str, int]:
        ends = await self.bus.end_offsets(self.topics)
        done = await self.bus.committed(self.principal, self.topics)
        lag: dict[str, int] = dict.fromkeys(self.topics, 0)
        for place, end in ends.items():
            lag[place.topic] += end - done.get(place, 0)
        return lag

    async def _rows(self) -> Rows:
        async with self.reading() as session:
            outlook = await self._outbox.outlook(session, self.clock.now(), self.relay.sent)
            return Rows(outlook, await self.letters.count(session))

    async def environment(self) -> Environment:
        """Python, machine, database and bus, how durable the last two are, and how it is connected and confined."""
        return Environment(
            principal=self.principal,
            python=f"{platform.python_implementation()} {platform.python_version()}",
            machine=f"{platform.system()} {platform.machine()}",
            processors=os.cpu_count() or 1,
            database=dict(await self.database.described()),
            bus=self.bus.durability(),
            protections=protections_of(self.settings),
        )

    def opened(self, message: Message) -> Message:
        """A message as it was before it was sealed. Raises `UnopenableEvent`."""
        return self._processor.opened(message)

    async def books(self) -> Books:
        """The party's books; empty for a party without books."""
        return Books(self.principal)

    async def refresh_gauges(self) -> None:
        """Bring the gauges up to date for a scrape. What cannot be known during an outage is NaN."""
        lag, rows = await self.health.read()
        self.metrics.shows_waits(self.waits.all())
        for topic in self.topics:
            self.metrics.lag.labels(topic).set(math.nan if lag is None else lag[topic])
        self.metrics.outbox_due.set(math.nan if rows is None else rows.outbox.due)
        self.metrics.dead_letters.set(math.nan if rows is None else rows.dead_letters)

    async def record_access(self, caller: Caller, what: str, whose: Sequence[str]) -> None:
        """アクセス記録: returns once it is durable that a caller is about to see data of these persons."""
        roles = tuple(sorted(caller.roles))
        await self._plan_checkpoint(business_date(self.clock.now()))
        await self._recorder.record(Access(self.clock.now(), caller.user, roles, what, tuple(whose), caller.purpose))

    async def duty_records(self, wanted: Wanted) -> Sequence[Registered]:
        """記録簿: records about the protection of personal data, the latest first."""
        async with self.reading() as session:
            return await self.register.listed(session, wanted)

    async def _plan_checkpoint(self, today: date) -> None:
        """Before the first entry of a day, so that no crash leaves an entry without one."""
        if self._checkpoint_planned == today:
            return
        async with self._unit.transaction(self.clock.now()) as tx:
            self._checkpoints.plan(today, tx)
        self._checkpoint_planned = today

    async def dead_letters(self) -> Sequence[DeadLetterView]:
        """Dead letters, the oldest first."""
        return await self._set_aside.views()

    async def replay(
        self,
        letter_id: str,
        value: dict[str, Any] | None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> DeadLetterView | Refusal:
        """Handle a dead letter again, with another value and other headers if given; it stays as it was if it fails."""
        return await self._set_aside.replay(letter_id, value, key, headers)

    async def close(self) -> None:
        """Delete the rows that were sent, leave the group, close the database. Idempotent."""
        if self._consumer is not None:
            try:
                await self.relay.delete_sent()
            except Exception as failure:
                if not is_outage(failure):
                    raise
                log.warning("rows that were sent are not deleted; the next start sends them again", error=said(failure))
            await mark_unless_out(self.database)
        await self.abandon()

    async def abandon(self) -> None:
        """Close everything unfinished, as a dying process does; the next start goes on from there. Idempotent."""
        if self._consumer is not None:
            await self._subscription.close()
            self._consumer = None
        self.health.close()
        await self.database.close()
