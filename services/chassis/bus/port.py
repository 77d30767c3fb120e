"""The event bus as every party sees it: a durable, partitioned log with consumer groups.

Guarantees, kept by every adapter and proved by one conformance suite (`tests/conformance`):
- What `produce` has returned for is there whichever process dies, and after a `flush` whatever happens to the machine.
  Records of one key keep the order they were produced in.
- Delivery is at least once: what a group has not committed is delivered again, after a crash too.
- Members of one group share the partitions; those of a member that leaves or dies go to the others.
- A member that lost a partition cannot commit it (`Fenced`).
- Reading never removes: any group may start anew at any offset until retention ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from contracts.cloudevents import Headers
from services.chassis.outages import Outage


class Record(NamedTuple):
    """What is produced. The key chooses the partition."""

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
"""Next offset per partition: one past the last record written, delivered or committed."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is made."""

    name: str
    partitions: int
    retention_seconds: float


class BusError(Outage):
    """The bus could not do what was asked. Retrying may help."""


class Fenced(BusError):
    """The partition belongs to another member by now: what was done for it will be delivered to that one."""


class UnknownTopic(BusError):
    """Nobody has made this topic."""


class Subscription(Protocol):
    """One member of a consumer group."""

    async def fetch(self, max_records: int, timeout: float) -> Sequence[Message]:
        """The next messages, in order per partition; empty after `timeout` seconds without any.

        A timeout of 0 asks without waiting. Fetching again without a commit goes on behind what was
        fetched; only committed offsets survive the member.
        """

    async def commit(self, messages: Sequence[Message]) -> None:
        """Mark these messages, and all before them in their partitions, as done. Never goes back.

        Raises `Fenced`, and commits nothing, where a partition no longer belongs to this member.
        """

    async def rewind(self) -> None:
        """Go back to the committed offsets: what was fetched and not committed comes again."""

    async def close(self) -> None:
        """Leave the group; uncommitted messages go to the others. Idempotent."""


class EventBus(Protocol):
    """A connection to the log."""

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        """Make the topics that are missing. Idempotent.

        Raises `BusError` naming each topic that exists with other settings.
        """

    async def produce(self, records: Sequence[Record]) -> None:
        """Append. All of one topic's records become visible together; on Kafka, those of one partition.

        They outlive every process, and a loss of power from the next `flush` on.
        Raises `UnknownTopic`, or `BusError` where it is not certain that they are there.
        """

    async def flush(self) -> None:
        """Returns when all that this connection has produced is durable. Raises `BusError` where that is not certain.

        Until then whoever produces keeps what he would have to produce again after a loss of power.
        """

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        """Join the group, reading from its committed offsets, from the beginning where there are none."""

    async def read(self, topic: str, start: Offsets | None = None, max_records: int = 1000) -> Sequence[Message]:
        """Messages of a topic from `start` (default: the oldest kept), without any group."""

    async def wait(self, topics: Sequence[str], timeout: float) -> None:
        """Return when something may have been appended to one of the topics, or after `timeout` seconds.

        What is appended between a `read` and a `wait` that follows it directly is not missed.
        """

    async def end_offsets(self, topics: Sequence[str]) -> Offsets:
        """One past the last record of each partition."""

    async def committed(self, group: str, topics: Sequence[str]) -> Offsets:
        """What the group has committed; 0 for a partition it never committed."""

    async def reset(self, group: str, offsets: Offsets) -> None:
        """Set committed offsets, to replay from there. Members read from there after their next `rewind`.

        Raises `BusError` where that is no place in the log, and on Kafka where other processes are members.
        """

    def durability(self) -> str:
        """What `flush` has waited for when it returns, in a few words."""

    async def close(self) -> None:
        """Release everything; nothing that `produce` returned for is lost. Idempotent."""
