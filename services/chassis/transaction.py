"""What a handler sees: one database transaction in which effects and announcements commit together.

A handler reads and writes through `session`, tells others with `publish`, itself later with `schedule`. It never
commits and never sees the bus: publishing is an insert into the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import cloudevents, topics
from contracts.events import Event
from services.chassis.bus.port import Record
from services.chassis.identity import Identity


def timer_name(timer: type[Event], subject: str) -> str:
    """What a pending timer is known by until it is due."""
    return f"{timer.TYPE}/{subject}"


@dataclass(slots=True)
class Transaction:
    """One batch's transaction. `now` is the batch's instant (docs: time travels with the message)."""

    session: AsyncConnection
    now: datetime
    identity: Identity
    principal: str
    published: list[Record] = field(default_factory=list)
    scheduled: list[tuple[datetime, str, Record]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    repeated: list[Event] = field(default_factory=list)
    """Events of which a handler with a natural key found that their effect is there."""
    on_commit: list[Callable[[], None]] = field(default_factory=list)
    """What is then done in memory, in this order."""
    looked_ahead: bool = False
    next_timer: datetime | None = None
    """When this party's next timer is due; known where `looked_ahead`."""
    forgotten: Sequence[int] = ()
    """Outbox rows sent before, which this transaction deletes."""
    in_hand: Sequence[int] = ()
    """Outbox rows that this process has sent or is about to send."""
    others_unsent: bool = False
    """Another process of this party has left something to send, which goes first."""
    outbox_seq: int = 0
    """Where the outbox keeps what was published; set when the transaction ends."""

    def new_id(self, kind: str, *natural_key: str) -> str:
        """An id for something this transaction causes."""
        return self.identity.new(kind, *natural_key)

    def publish(self, event: Event) -> None:
        """Tell the readers of the event's topic, once this transaction has committed."""
        self.published.append(self._record(event, topics.topic_of(event, self.principal), self.now))

    def schedule(self, timer: Event, at: datetime) -> None:
        """Tell this party itself at the instant `at`; durable, and it moves with the clock."""
        record = self._record(timer, topics.timers(self.principal).name, at)
        self.scheduled.append((at, timer_name(type(timer), timer.subject), record))

    def cancel(self, timer: type[Event], subjects: Iterable[str]) -> None:
        """Drop pending timers. One that is already under way still arrives: its handler must look first."""
        self.cancelled.extend(timer_name(timer, subject) for subject in subjects)

    def _record(self, event: Event, topic: str, at: datetime) -> Record:
        event_id = self.identity.new(event.TYPE, *event.natural_key)
        headers = cloudevents.headers(event_id, event, self.principal, at)
        return Record(topic, event.key, cloudevents.encode_value(event), headers)
