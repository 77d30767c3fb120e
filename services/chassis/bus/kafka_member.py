"""A member of a Kafka consumer group: wraps aiokafka's consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError

from services.chassis.bus.kafka_clients import (
    LARGEST_BATCH_BYTES,
    LONG_POLL_SECONDS,
    Records,
    WirePartition,
    connection,
    milliseconds,
    reported,
    start_client,
    stop_consumer,
)
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import Fenced, TopicPartition

LONGEST_HEARTBEAT_SECONDS = 1.0
"""A member learns of joined and departed members by its heartbeat."""
METADATA_SECONDS = 5.0
"""How often a member asks which partitions exist. The group's leader assigns those that it knows of; from a broker that
has just restarted it may know of none, and the group would stay without until the next time (aiokafka: 5 minutes)."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, revoked: Callable[[], Awaitable[None]], assigned: Callable[[], None]) -> None:
        self._revoked, self._assigned = revoked, assigned

    async def on_partitions_revoked(self, revoked: object) -> None:
        await self._revoked()

    def on_partitions_assigned(self, assigned: object) -> None:
        self._assigned()


class Member:
    """A consumer that joins a group, and joins it again, by itself."""

    def __init__(self, options: KafkaOptions, group: str) -> None:
        self._options = options
        heartbeat = min(options.session_timeout / 3, LONGEST_HEARTBEAT_SECONDS)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=options.bootstrap,
            **connection(options),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            metadata_max_age_ms=milliseconds(METADATA_SECONDS),
            fetch_max_wait_ms=milliseconds(LONG_POLL_SECONDS),
            max_partition_fetch_bytes=LARGEST_BATCH_BYTES,
            partition_assignment_strategy=(RoundRobinPartitionAssignor,),
            session_timeout_ms=milliseconds(options.session_timeout),
            heartbeat_interval_ms=milliseconds(heartbeat),
            rebalance_timeout_ms=milliseconds(options.rebalance_timeout),
            max_poll_interval_ms=milliseconds(options.longest_batch),
        )

    async def join(
        self, topics: Sequence[str], revoked: Callable[[], Awaitable[None]], assigned: Callable[[], None]
    ) -> None:
        """Connect and begin to join. `revoked` is awaited before partitions are given back."""
        await start_client(self._consumer, self.leave, self._options)
        self._consumer.subscribe(topics, listener=_Listener(revoked, assigned))

    @property
    def name(self) -> str:
        """Its name in the group; empty unless it is a member."""
        return str(self._consumer._coordinator.member_id)  # noqa: SLF001 - aiokafka has no public way

    @property
    def is_known(self) -> bool:
        """Whether it has joined and has not learnt since that the group goes on without it."""
        return bool(self._consumer._coordinator.generation >= 0)  # noqa: SLF001

    @property
    def partitions(self) -> frozenset[TopicPartition]:
        return frozenset(TopicPartition(*tp) for tp in self._consumer.assignment())

    async def poll(self, limit: int, timeout: float, of: Iterable[TopicPartition] = ()) -> Records:
        """Up to `limit` records. Waits up to `timeout` for the first, and while the group reassigns partitions."""
        async with reported(self._options, "fetch"):
            found: Records = await self._consumer.getmany(
                *(WirePartition(*tp) for tp in of), timeout_ms=milliseconds(timeout), max_records=limit
            )
            return found

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Raises `Fenced` if the group goes on without this member, `BusError` if the outcome is not known."""
        async with reported(self._options, "commit"), asyncio.timeout(self._options.request_timeout):
            try:
                await self._consumer.commit({WirePartition(*tp): offset for tp, offset in offsets.items()})
            except (CommitFailedError, IllegalStateError):
                raise Fenced(
                    f"the group has given {', '.join(sorted(f'{t}/{p}' for t, p in offsets))} to another member"
                ) from None

    async def seek(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Continue at these offsets; None stands for the oldest record in the log."""
        async with reported(self._options, "seek"):
            from_start = [WirePartition(*tp) for tp, offset in offsets.items() if offset is None]
            for tp, offset in offsets.items():
                if offset is not None:
                    self._consumer.seek(WirePartition(*tp), offset)
            if from_start:
                await self._consumer.seek_to_beginning(*from_start)

    async def leave(self) -> None:
        await stop_consumer(self._consumer)
