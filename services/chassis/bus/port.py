"""The event bus as every party sees it: a durable, partitioned log with consumer groups.

Guarantees, kept by every adapter and checked by one conformance suite (`tests/conformance`):

- Records survive the death of any process once `produce` has returned, and a power loss once `flush` has.
- Records with one key keep the order in which they were produced.
- Delivery is at least once: what a group has not committed is delivered again, after a crash too.
- Members of a group share the partitions. Those of a member that leaves or dies go to the others.
- A member that has lost a partition cannot commit to it (`Fenced`).
- Reading removes nothing: any group may start again at any offset until retention ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from contracts.cloudevents import Headers
from services.chassis.outages import NotAdmitted, Outage, Unusable


class Record(NamedTuple):
    """What is produced. The key determines the partition."""

    topic: str
    key: str
    value: bytes
    headers: Headers


class Message(NamedTuple):
    """What is delivered: a record and its place in the log."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Headers


class TopicPartition(NamedTuple):
    topic: str
    partition: int


Offsets = Mapping[TopicPartition, int]
"""Partition → next offset: one past the last record written, delivered or committed."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """The settings of a topic."""

    name: str
    partitions: int
    retention_seconds: float


class BusError(Outage):
    """The bus could not do what was requested. A retry may succeed."""


class RefusedUser(BusError, NotAdmitted):
    """The broker answers, and does not admit this user with this password."""


class DamagedLog(BusError, Unusable):
    """A file of the log is damaged or of another program: no retry mends it. The text names the file, and a remedy."""


class Fenced(BusError):
    """The partition belongs to another member now, and its uncommitted messages are delivered to that one."""


class UnknownTopic(BusError):
    """The topic does not exist."""


class Subscription(Protocol):
    """One member of a consumer group."""

    async def fetch(self, max_records: int, timeout: float) -> Sequence[Message]:
        """The next messages, in order per partition; none after `timeout` seconds without any.

        A timeout of 0 does not wait. Without a commit in between, the next fetch continues after this one; only
        committed offsets survive the member.
        """

    async def commit(self, messages: Sequence[Message]) -> None:
        """Mark these messages, and all before them in their partitions, as done. Offsets never go back.

        Raises `Fenced`, and commits nothing, if a partition no longer belongs to this member.
        """

    async def rewind(self) -> None:
        """Go back to the committed offsets: messages fetched and not committed are delivered again."""

    async def close(self) -> None:
        """Leave the group; uncommitted messages go to the others. Idempotent."""


class EventBus(Protocol):
    """A connection to the log."""

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        """Create the topics that are missing. Idempotent.

        Raises `BusError`, which names each topic that exists with other settings.
        """

    async def produce(self, records: Sequence[Record]) -> None:
        """Append records. Those of one topic become visible together; on Kafka, those of one partition.

        They survive the death of any process, and a power loss from the next `flush` on. Raises `UnknownTopic`, or
        `BusError` if it is not certain that they were appended.
        """

    async def flush(self) -> None:
        """Return when everything that this connection has produced survives a power loss.

        Until then the producer must hold the records, to produce them again after a failure. Raises `BusError` if it is
        not certain.
        """

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Join the group. It reads from its committed offsets, or from the beginning of a partition without one."""

    async def read(self, topic: str, start: Offsets | None = None, max_records: int = 1000) -> Sequence[Message]:
        """Read messages of a topic from `start` (default: the oldest in the log), without a group."""

    async def wait(self, topics: Sequence[str], timeout: float) -> None:
        """Return when something may have been appended to one of the topics, after `timeout` seconds at the latest.

        A record appended between a `read` and the `wait` that follows it directly is not missed.
        """

    async def end_offsets(self, topics: Sequence[str]) -> Offsets:
        """One past the last record of each partition."""

    async def committed(self, group: str, topics: Sequence[str]) -> Offsets:
        """The group's committed offsets; 0 for a partition to which it never committed."""

    async def reset(self, group: str, offsets: Offsets) -> None:
        """Set the group's committed offsets, to replay from there. Members continue there after their next `rewind`.

        Raises `BusError` for an offset outside the log, and on Kafka if the group has members in other processes.
        """

    def durability(self) -> str:
        """What `flush` waits for, in a few words."""

    async def close(self) -> None:
        """Release all resources. Nothing for which `produce` has returned is lost. Idempotent."""
