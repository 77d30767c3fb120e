"""What the ward has registered so far: the receipts topic, and the offsets that the ward's group has committed.

The ward commits an offset after its database transaction, so every receipt before that offset is registered. The ward
itself is not asked: any ward that reads the topic as a consumer group can be measured.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

from services.chassis.bus.port import EventBus, Message, TopicPartition

MESSAGES_AT_ONCE = 10_000
Intended = Callable[[Message], float | None]
"""The intended time of this message, in seconds since the run began; None if this run did not send it."""


class Delivered(NamedTuple):
    """A receipt on the topic: its offset, intended time and time seen, in seconds since the run began."""

    offset: int
    intended_at: float
    seen_at: float


class Follower:
    """Follows one topic and one consumer group, from the end of the topic on."""

    def __init__(self, bus: EventBus, topic: str, group: str, intended: Intended, now: Callable[[], float]) -> None:
        """`now`: seconds since the run began."""
        self._bus, self._topic, self._group = bus, topic, group
        self._intended, self._now = intended, now
        self._next: dict[TopicPartition, int] = {}
        self._waiting: dict[TopicPartition, deque[Delivered]] = {}

    async def begin(self) -> int:
        """Start at the end of the topic. Returns the number of messages before it that the group has not committed."""
        self._next = dict(await self._bus.end_offsets([self._topic]))
        self._waiting = {tp: deque() for tp in self._next}
        committed = await self._bus.committed(self._group, [self._topic])
        return sum(end - committed.get(tp, 0) for tp, end in self._next.items())

    async def registered(self) -> Iterator[Delivered]:
        """The receipts registered since the last call."""
        while messages := await self._bus.read(self._topic, self._next, MESSAGES_AT_ONCE):
            now = self._now()
            for message in messages:
                tp = TopicPartition(message.topic, message.partition)
                self._next[tp] = message.offset + 1
                if (intended_at := self._intended(message)) is not None:
                    self._waiting[tp].append(Delivered(message.offset, intended_at, now))
            if len(messages) < MESSAGES_AT_ONCE:
                break
        committed = await self._bus.committed(self._group, [self._topic])
        return chain.from_iterable(_up_to(committed.get(tp, 0), queue) for tp, queue in self._waiting.items())


def _up_to(offset: int, queue: deque[Delivered]) -> Iterator[Delivered]:
    while queue and queue[0].offset < offset:
        yield queue.popleft()
