"""A member of a Kafka consumer group: its partitions, how far each is done, and when they may be revoked.

A batch is *in flight* from the fetch that delivered it until it is committed or rewound. In a rebalance all members
give their partitions back first; this one does so when nothing is in flight, and may commit until then. The group goes
on without a member that takes longer than `rebalance_timeout` or sends no heartbeat for `session_timeout`: its commits
raise `Fenced`, and it joins again with its next fetch or rewind. So a batch is finished or abandoned, never split.

After any other `BusError` it rejoins, too: messages fetched and not committed are delivered again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from services.chassis.bus.kafka_clients import Records, message_of
from services.chassis.bus.kafka_member import LONGEST_HEARTBEAT_SECONDS, Member
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import BusError, Fenced, Message, TopicPartition
from services.chassis.clock import monotonic

Committed = Callable[[Iterable[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]
"""Reads the group's committed offsets."""
ONE_POLL_SECONDS = 3600.0


@dataclass(slots=True)
class _Cursor:
    """One partition, while this member owns it."""

    position: int
    """Offset to deliver next."""
    done: int
    """Offset up to which everything is committed, as far as this member knows."""
    end: int
    """One past the last offset that was ever delivered."""

    @property
    def in_flight(self) -> bool:
        return self.position > self.done

    def deliver(self, end: int) -> None:
        self.position, self.end = end, max(self.end, end)

    def place(self, offset: int) -> None:
        self.position = self.done = offset


class KafkaSubscription:
    """Made by `EventBus.subscribe`. One task at a time may use it. Names of topics and group are those on the wire."""

    def __init__(self, options: KafkaOptions, group: str, topics: Sequence[str], committed: Committed) -> None:
        self.group = group
        self._options, self._topics, self._committed = options, topics, committed
        self._member: Member | None = None
        self._cursors: dict[TopicPartition, _Cursor] = {}
        self._assigned = False
        self._served: set[TopicPartition] = set()
        self._waited: asyncio.Task[Records] | None = None
        self._settled = asyncio.Event()
        self._wanted = asyncio.Event()
        self._closed = False

    @property
    def member(self) -> str:
        """The member's current name in the group."""
        return "" if self._member is None else self._member.name

    async def join(self) -> None:
        """Begin to join the group. Returns before partitions are assigned."""
        await self._joined()

    async def fetch(self, max_records: int, timeout: float) -> Sequence[Message]:
        deadline = monotonic() + timeout
        self._wanted.set()
        try:
            member = await self._joined()
            while True:
                messages = await self._next(member, max_records)
                remaining = deadline - monotonic()
                if messages or remaining <= 0:
                    return messages
                if self._waited is None:
                    self._waited = asyncio.create_task(member.poll(1, ONE_POLL_SECONDS))
                await asyncio.wait({self._waited}, timeout=remaining)
        except BusError:
            await self._start_over()
            raise
        finally:
            self._wanted.clear()

    async def commit(self, messages: Sequence[Message]) -> None:
        self._require_open()
        ends = self._ends(messages)
        if not ends:
            return
        if self._member is None or not self._member.is_known:
            self._forget()
        lost = [tp for tp, end in ends.items() if tp not in self._cursors or end > self._cursors[tp].end]
        if lost or self._member is None:
            names = ", ".join(sorted(f"{tp.topic}/{tp.partition}" for tp in lost))
            raise Fenced(f"{self.group} has rebalanced without this member: {names} may belong to another now")
        due = {tp: end for tp, end in ends.items() if end > self._cursors[tp].done}
        if due:
            await self._commit(self._member, due)
        for tp, end in due.items():
            if (cursor := self._cursors.get(tp)) is not None:
                cursor.done = end
        self._settled.set()

    async def _commit(self, member: Member, offsets: Mapping[TopicPartition, int]) -> None:
        try:
            await member.commit(offsets)
        except Fenced:
            self._forget()
            raise
        except BusError:
            await self._start_over()
            raise

    async def rewind(self) -> None:
        self._wanted.set()
        try:
            member = await self._joined()
            committed = await self._committed(member.partitions)
            self._drop_waited()
            for tp, cursor in self._cursors.items():
                cursor.place(committed.get(tp, 0))
            self._settled.set()
            if self._assigned:
                await member.seek({tp: committed.get(tp) for tp in member.partitions})
        except BusError:
            await self._start_over()
            raise
        finally:
            self._wanted.clear()

    async def place(self, offsets: Mapping[TopicPartition, int]) -> set[TopicPartition]:
        """Commit any offsets of partitions that this member owns; returns these partitions. For `EventBus.reset`."""
        if self._member is None:
            return set()
        mine = {tp: offset for tp, offset in offsets.items() if tp in self._member.partitions}
        if mine:
            await self._commit(self._member, mine)
        return set(mine)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._start_over()

    def _require_open(self) -> None:
        if self._closed:
            raise BusError(f"the subscription is closed: this member has left {self.group}")

    async def _joined(self) -> Member:
        self._require_open()
        if self._member is None:
            member = Member(self._options, self.group)
            await member.join(self._topics, partial(self._revoked, member), partial(self._given, member))
            self._member = member
        return self._member

    async def _start_over(self) -> None:
        """Leave the group. The next fetch or rewind joins it as another member."""
        member, self._member, self._assigned = self._member, None, False
        self._forget()
        self._wanted.set()
        if self._waited is not None:
            self._waited.cancel()
            await asyncio.wait({self._waited})
            self._drop_waited()
        if member is not None:
            await member.leave()
        self._wanted.clear()

    def _ends(self, messages: Sequence[Message]) -> dict[TopicPartition, int]:
        ends: dict[TopicPartition, int] = {}
        for message in messages:
            tp = TopicPartition(self._options.prefix + message.topic, message.partition)
            ends[tp] = max(ends.get(tp, 0), message.offset + 1)
        return ends

    def _given(self, member: Member) -> None:
        if member is self._member:
            self._assigned = True

    async def _revoked(self, member: Member) -> None:
        """Awaited by aiokafka before it joins again; heartbeats and commits continue meanwhile.

        A member that was abandoned may still call this when its broker answers again; that is ignored.
        """
        if member is not self._member:
            return
        had, self._assigned = self._assigned, False
        while had and self._in_flight() and self._is_known():
            self._settled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_HEARTBEAT_SECONDS):
                    await self._settled.wait()
        expelled = had and not self._is_known()
        self._forget()
        if expelled and not self._closed:
            await self._wanted.wait()

    def _is_known(self) -> bool:
        return self._member is not None and self._member.is_known

    def _in_flight(self) -> bool:
        return any(cursor.in_flight for cursor in self._cursors.values())

    def _forget(self) -> None:
        """Drop all cursors: the partitions belong to another member, or will."""
        self._cursors.clear()
        self._served.clear()
        self._drop_waited()
        self._settled.set()

    def _drop_waited(self) -> None:
        if self._waited is not None and self._waited.done():
            if not self._waited.cancelled():
                self._waited.exception()
            self._waited = None

    async def _next(self, member: Member, limit: int) -> list[Message]:
        """The messages that are here. A partition that has filled a fetch lets the others go first."""
        messages: list[Message] = []
        if self._waited is not None and self._waited.done():
            waited, self._waited = self._waited, None
            messages += self._deliver(waited.result())
        if not self._assigned:
            return messages
        for partitions in (member.partitions - self._served if self._served else (), ()):
            if len(messages) < limit:
                messages += self._deliver(await member.poll(limit - len(messages), 0, partitions))
        if len(messages) < limit or self._served >= member.partitions:
            self._served.clear()
        return messages

    def _deliver(self, found: Records) -> list[Message]:
        messages: list[Message] = []
        for (topic, partition), records in found.items():
            tp = TopicPartition(topic, partition)
            first, end = records[0].offset, records[-1].offset + 1
            self._cursors.setdefault(tp, _Cursor(first, first, first)).deliver(end)
            self._served.add(tp)
            name = topic.removeprefix(self._options.prefix)
            messages += [message_of(name, record) for record in records]
        return messages
