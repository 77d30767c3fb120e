"""What a handler sees: one database transaction, in which effects and announcements commit together.

A handler reads and writes through `session`, publishes events to other parties with `publish` and sends its own party a
timer with `schedule`. It never commits and never sees the bus. What it announces is collected here and inserted into
the outbox when the handler has returned (`unit_of_work.py`), and sent after the commit (`messaging/relay.py`). It is
collected as it will stand on the bus: sealed for its readers, with pseudonyms in place of personal numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import cloudevents, topics
from contracts.events import Event
from services.chassis.bus.port import Record
from services.chassis.identity import Identity, random_key
from services.chassis.sealing.port import Sealer, Unsealed
from services.chassis.sealing.pseudonyms import Pseudonyms


def timer_name(timer: type[Event], subject: str) -> str:
    """The name by which a pending timer can be cancelled."""
    return f"{timer.TYPE}/{subject}"


class Timer(NamedTuple):
    """A message of a party to itself, to be sent at an instant unless it is cancelled by its name before."""

    at: datetime
    name: str
    record: Record


@dataclass(slots=True)
class Announcements:
    """What a transaction announces, in order. Each commits with the transaction's effects or not at all."""

    published: list[Record] = field(default_factory=list)
    scheduled: list[Timer] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    """Names of timers."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who announces, and how it stands on the bus."""

    principal: str
    identity: Identity
    sealer: Sealer = field(default_factory=Unsealed)
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(random_key))

    def record(self, event: Event, topic: str, at: datetime) -> Record:
        """The event as it is produced: sealed for the readers of its topic."""
        event_id = self.identity.new(event.TYPE, *event.natural_key)
        subject, key = (self.named(type(event), text) for text in (event.subject, event.key))
        headers = cloudevents.headers(event_id, event, self.principal, at, subject)
        headers, value = self.sealer.seal(topic, key, headers, at, cloudevents.encode_value(event))
        return Record(topic, key, value, headers)

    def named(self, event: type[Event], text: str) -> str:
        """A subject or key of events of this type, as outsiders may see it."""
        return self.pseudonyms.of(text) if event.SUBJECT_IS_PERSONAL else text


@dataclass(slots=True)
class Transaction:
    """One batch's transaction. `now` is the batch's instant: under a stepped clock the time of its messages."""

    session: AsyncConnection
    now: datetime
    author: Author
    repeated: list[Event] = field(default_factory=list)
    """Events whose effect a handler with a natural key (`On.natural_key`) found to be there already."""
    announced: Announcements = field(default_factory=Announcements)
    """Read by the unit of work when the handler has returned."""

    @property
    def principal(self) -> str:
        return self.author.principal

    def new_id(self, kind: str, *natural_key: str) -> str:
        """An id for something that this transaction causes."""
        return self.author.identity.new(kind, *natural_key)

    def publish(self, event: Event) -> None:
        """Send an event to the readers of its topic once this transaction has committed.

        Raises `LookupError` for an event of which this party owns no topic.
        """
        topic = topics.topic_of(event, self.author.principal)
        self.announced.published.append(self.author.record(event, topic, self.now))

    def schedule(self, timer: Event, at: datetime) -> None:
        """Send this party a timer at the instant `at`. It is durable, and follows the clock."""
        record = self.author.record(timer, topics.timers(self.author.principal).name, at)
        name = timer_name(type(timer), self.author.named(type(timer), timer.subject))
        self.announced.scheduled.append(Timer(at, name, record))

    def cancel(self, timer: type[Event], subjects: Iterable[str]) -> None:
        """Drop pending timers. One that is being sent still arrives, so its handler checks whether it still applies."""
        self.announced.cancelled.extend(timer_name(timer, self.author.named(timer, subject)) for subject in subjects)
