"""The event bus over any `Storage`: what the embedded adapters share."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakSet

from services.chassis.bus.partitioning import by_partition
from services.chassis.bus.port import BusError, Message, Offsets, Record, TopicPartition, TopicSpec
from services.chassis.bus.signals import topic_signal
from services.chassis.bus.storage import TOPIC_NAME, Storage
from services.chassis.bus.subscription import ROLL_CALL_SECONDS, LogSubscription
from services.chassis.clock import monotonic, pause


class LogBus:
    """An `EventBus`. A connection belongs to one event loop, on which all its work runs inline."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._subscriptions: WeakSet[LogSubscription] = WeakSet()
        self._closed = False

    def durability(self) -> str:
        return self._storage.durability

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        self._require_open()
        for spec in topics:
            if not TOPIC_NAME.fullmatch(spec.name) or spec.partitions < 1:
                raise BusError(f"{spec} is not a topic: names consist of letters, digits, '.', '_' and '-'")
        made = [(spec, self._storage.create(spec)) for spec in topics]
        if wrong := [f"{wanted.name}: is {found}, wanted {wanted}" for wanted, found in made if wanted != found]:
            raise BusError("topics exist with other settings: " + "; ".join(wrong))

    async def produce(self, records: Sequence[Record]) -> None:
        await pause(0)  # everything below runs inline: other tasks go first
        self._require_open()
        of_topic: dict[str, list[Record]] = {}
        for record in records:
            of_topic.setdefault(record.topic, []).append(record)
        split = {
            topic: by_partition(its_records, len(self._storage.ends(topic))) for topic, its_records in of_topic.items()
        }  # an unknown topic raises here, before anything is written
        appended: list[str] = []
        try:
            for topic, its_records_by_partition in split.items():
                self._storage.append(topic, its_records_by_partition)
                appended.append(topic_signal(topic))
        finally:
            self._storage.announce(appended)

    async def flush(self) -> None:
        self._require_open()
        self._storage.flush()

    async def subscribe(self, group: str, topics: Sequence[str]) -> LogSubscription:
        self._require_open()
        subscription = LogSubscription(self._storage, group, topics)
        self._subscriptions.add(subscription)
        return subscription

    async def read(self, topic: str, start: Offsets | None = None, max_records: int = 1000) -> Sequence[Message]:
        self._require_open()
        messages: list[Message] = []
        ends = self._storage.ends(topic)
        starts = [(start or {}).get(TopicPartition(topic, partition), 0) for partition in range(len(ends))]
        if all(at >= end for at, end in zip(starts, ends, strict=True)):
            return messages
        with self._storage.snapshot(topic):
            for partition, end in enumerate(self._storage.ends(topic)):
                tp, position = TopicPartition(topic, partition), starts[partition]
                while position < end and len(messages) < max_records:
                    found = self._storage.read(tp, position, max_records - len(messages))
                    messages += found
                    position = found[-1].offset + 1 if found else end
        return messages[:max_records]

    async def wait(self, topics: Sequence[str], timeout: float) -> None:
        self._require_open()
        deadline = monotonic() + timeout
        before = [list(self._storage.ends(topic)) for topic in topics]
        names = list(map(topic_signal, topics))
        news = self._storage.signals.listen(names)
        if self._storage.listen(names):
            return
        while not news.take() and (remaining := deadline - monotonic()) > 0:
            await news.wait(min(remaining, ROLL_CALL_SECONDS))
            self._require_open()
            if before != [list(self._storage.ends(topic)) for topic in topics]:
                return

    async def end_offsets(self, topics: Sequence[str]) -> Offsets:
        self._require_open()
        return {
            TopicPartition(topic, partition): end
            for topic in topics
            for partition, end in enumerate(self._storage.ends(topic))
        }

    async def committed(self, group: str, topics: Sequence[str]) -> Offsets:
        self._require_open()
        offsets = self._storage.offsets(group)
        return {tp: offsets.get(tp, 0) for tp in await self.end_offsets(topics)}

    async def reset(self, group: str, offsets: Offsets) -> None:
        ends = await self.end_offsets(sorted({tp.topic for tp in offsets}))
        for tp, offset in offsets.items():
            if not 0 <= offset <= ends.get(tp, -1):
                raise BusError(f"{group} cannot go to offset {offset} of {tp.topic}/{tp.partition}")
        self._storage.set_offsets(group, offsets)

    async def members(self, group: str) -> Sequence[str]:
        """The names of the group's members, for an operator."""
        self._require_open()
        return sorted(self._storage.group(group).members)

    async def evict(self, group: str, member: str) -> None:
        """Remove a member that hangs, so that its partitions go to the others at once. For an operator.

        Its next commit raises `Fenced`; its next fetch makes it a new member.
        """
        self._require_open()
        if member not in self._storage.group(group).members:
            raise BusError(f"{group} has no member {member}")
        self._storage.change(group, lambda state: state.leave([member]))

    async def close(self) -> None:
        if self._closed:
            return
        for subscription in list(self._subscriptions):
            await subscription.close()
        self._closed = True
        self._storage.close()

    def _require_open(self) -> None:
        if self._closed:
            raise BusError("this connection to the bus is closed")
