"""The event bus on Apache Kafka.

Produces are idempotent and acknowledged by all replicas; groups are Kafka's consumer groups. Two things differ from the
embedded logs: what one `produce` appends becomes visible partition by partition, and a group that has members in other
processes cannot be reset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from services.chassis.bus import kafka_topics
from services.chassis.bus.kafka_clients import (
    LARGEST_BATCH_BYTES,
    GroupOffsets,
    WirePartition,
    admin_client,
    commit_without_members,
    partition_of,
    plain_consumer,
    reported,
    stop_consumer,
)
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.kafka_producer import Producer
from services.chassis.bus.kafka_reader import KafkaReader
from services.chassis.bus.kafka_subscription import KafkaSubscription
from services.chassis.bus.port import BusError, Message, Offsets, Record, TopicPartition, TopicSpec, UnknownTopic
from services.chassis.bus.storage import TOPIC_NAME
from services.chassis.clock import real_time


class KafkaBus:
    """An `EventBus`. Connects when it is first used, and again when a connection is lost."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._connecting = asyncio.Lock()
        self._admin: Any = None
        self._offsets: Any = None
        self._producer: Producer | None = None
        self._groups = GroupOffsets(options)
        self._readers: dict[str, KafkaReader] = {}
        self._subscriptions: list[KafkaSubscription] = []
        self._partitions: dict[str, int] = {}
        self._closed = False

    def durability(self) -> str:
        copies = self._options.replication_factor
        replicas = "the cluster's number of replicas" if copies < 0 else f"{copies} replicas"
        return f"Apache Kafka, acks=all, idempotent producer, {replicas}"

    async def create_topics(self, topics: Sequence[TopicSpec]) -> None:
        for spec in topics:
            if not TOPIC_NAME.fullmatch(spec.name) or spec.partitions < 1:
                raise BusError(f"{spec} is not a topic: names consist of letters, digits, '.', '_' and '-'")
        specs = [replace(spec, name=self._wire(spec.name)) for spec in topics]
        admin = await self._administration()
        found = await kafka_topics.partition_counts(admin, self._options)
        if missing := [spec for spec in specs if spec.name not in found]:
            await kafka_topics.make(admin, self._options, missing)
            found = await kafka_topics.partition_counts(admin, self._options)
        retention = await kafka_topics.retentions(admin, self._options, [spec.name for spec in specs])
        if wrong := kafka_topics.differences(specs, found, retention):
            raise BusError("topics exist with other settings: " + "; ".join(wrong))

    async def produce(self, records: Sequence[Record]) -> None:
        self._require_open()
        if not records:
            return
        counts = {topic: await self._count(topic) for topic in {record.topic for record in records}}
        producer = await self._sending()
        try:
            await producer.send(self._batches(producer, records, counts))
        except BusError:
            for topic in counts:
                self._partitions.pop(topic, None)  # the topic may have been deleted: ask again next time
            raise

    async def flush(self) -> None:
        """`produce` has waited until every in-sync replica has the records."""

    async def subscribe(self, group: str, topics: Sequence[str]) -> KafkaSubscription:
        self._require_open()
        for topic in topics:
            await self._count(topic)
        wire_group = self._wire(group)
        subscription = KafkaSubscription(
            self._options,
            wire_group,
            [self._wire(topic) for topic in topics],
            lambda partitions: self._committed(wire_group, partitions),
        )
        await subscription.join()
        self._subscriptions.append(subscription)
        return subscription

    async def read(self, topic: str, start: Offsets | None = None, max_records: int = 1000) -> Sequence[Message]:
        ends = {self._wired(tp): end for tp, end in (await self.end_offsets([topic])).items()}
        starts = {self._wired(tp): offset for tp, offset in (start or {}).items()}
        reader = await self._reader(topic)
        try:
            return await reader.read(starts, ends, max_records)
        except BusError:
            await self._close_reader(topic)
            raise

    async def wait(self, topics: Sequence[str], timeout: float) -> None:
        news = {topic: (await self._reader(topic)).news() for topic in topics}
        done, _ = await asyncio.wait(news.values(), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for topic, task in news.items():
            if task in done and not task.cancelled() and (failure := task.exception()) is not None:
                await self._close_reader(topic)
                raise failure

    async def end_offsets(self, topics: Sequence[str]) -> Offsets:
        self._require_open()
        partitions = [WirePartition(self._wire(topic), n) for topic in topics for n in range(await self._count(topic))]
        async with self._connecting:
            if self._offsets is None:
                self._offsets = await plain_consumer(self._options)
        async with reported(self._options, "read the ends of topics"):
            ends = await self._offsets.end_offsets(partitions)
        return {self._own(tp): end for tp, end in ends.items()}

    async def committed(self, group: str, topics: Sequence[str]) -> Offsets:
        self._require_open()
        partitions = [TopicPartition(topic, n) for topic in topics for n in range(await self._count(topic))]
        found = await self._committed(self._wire(group), map(self._wired, partitions))
        return {tp: found.get(self._wired(tp), 0) for tp in partitions}

    async def reset(self, group: str, offsets: Offsets) -> None:
        ends = await self.end_offsets(sorted({tp.topic for tp in offsets}))
        for tp, offset in offsets.items():
            if not 0 <= offset <= ends.get(tp, -1):
                raise BusError(f"{group} cannot go to offset {offset} of {tp.topic}/{tp.partition}")
        left = {self._wired(tp): offset for tp, offset in offsets.items()}
        for subscription in self._subscriptions:
            if subscription.group == self._wire(group):
                for tp in await subscription.place(left):
                    del left[tp]
        if left:
            await commit_without_members(self._options, self._wire(group), left)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for subscription in self._subscriptions:
            await subscription.close()
        for topic in list(self._readers):
            await self._close_reader(topic)
        if self._producer is not None:
            await self._producer.abandon()
        if self._offsets is not None:
            await stop_consumer(self._offsets)
        if self._admin is not None:
            await self._admin.close()

    def _require_open(self) -> None:
        if self._closed:
            raise BusError("this connection to the bus is closed")

    def _wire(self, name: str) -> str:
        return self._options.prefix + name

    def _wired(self, tp: TopicPartition) -> TopicPartition:
        return TopicPartition(self._wire(tp.topic), tp.partition)

    def _own(self, tp: tuple[str, int]) -> TopicPartition:
        return TopicPartition(tp[0].removeprefix(self._options.prefix), tp[1])

    async def _administration(self) -> Any:
        self._require_open()
        async with self._connecting:
            if self._admin is None:
                self._admin = await admin_client(self._options)
        return self._admin

    async def _count(self, topic: str) -> int:
        """The number of the topic's partitions, which does not change."""
        if topic not in self._partitions:
            found = await kafka_topics.partition_counts(await self._administration(), self._options)
            if (count := found.get(self._wire(topic))) is None:
                raise UnknownTopic(f"there is no topic {self._wire(topic)}, or this principal may not see it")
            self._partitions[topic] = count
        return self._partitions[topic]

    async def _sending(self) -> Producer:
        async with self._connecting:
            if self._producer is not None and self._producer.broken:
                await self._producer.abandon()
                self._producer = None
            if self._producer is None:
                producer = Producer(self._options)
                await producer.start()
                self._producer = producer
        return self._producer

    def _batches(
        self, producer: Producer, records: Iterable[Record], counts: Mapping[str, int]
    ) -> list[tuple[TopicPartition, Any]]:
        """The records by partition, in order; another batch when one is full."""
        timestamp = int(real_time() * 1000)
        full: list[tuple[TopicPartition, Any]] = []
        filling: dict[TopicPartition, Any] = {}
        for topic, key, value, headers in records:
            tp = TopicPartition(topic, partition_of(key, counts[topic]))
            fields = {"timestamp": timestamp, "key": key.encode(), "value": value, "headers": list(headers)}
            batch = filling.get(tp)
            if batch is None or batch.append(**fields) is None:
                if batch is not None:
                    full.append((self._wired(tp), batch))
                batch = filling[tp] = producer.batch()
                batch.append(**fields)
                if batch.size() > LARGEST_BATCH_BYTES:
                    raise BusError(
                        f"a record of {batch.size()} bytes for {topic} is too large: the limit is {LARGEST_BATCH_BYTES}"
                    )
        return full + [(self._wired(tp), batch) for tp, batch in filling.items()]

    async def _committed(self, group: str, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The group's committed offsets, if any, by name on the wire."""
        wanted = list(partitions)
        return await self._groups.committed(await self._administration(), group, wanted) if wanted else {}

    async def _reader(self, topic: str) -> KafkaReader:
        if topic not in self._readers:
            ends = await self.end_offsets([topic])
            consumer = await plain_consumer(self._options)
            if topic in self._readers:  # another task was faster
                await stop_consumer(consumer)
            else:
                at_end = {self._wired(tp): end for tp, end in ends.items()}
                self._readers[topic] = KafkaReader(self._options, consumer, topic, at_end)
        return self._readers[topic]

    async def _close_reader(self, topic: str) -> None:
        with suppress(KeyError):
            await self._readers.pop(topic).close()
