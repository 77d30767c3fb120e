"""Reads a topic without a group. One consumer per topic, which fetches only while a task reads or waits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from services.chassis.bus.kafka_clients import WirePartition, message_of, reported, stop_consumer
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import Message, TopicPartition

ONE_WAIT_MS = 3_600_000


class KafkaReader:
    """Several tasks may read and wait at the same time."""

    def __init__(
        self, options: KafkaOptions, consumer: Any, name: str, positions: Mapping[TopicPartition, int]
    ) -> None:
        """`name` is the topic's name without the prefix; `positions` are where waiting begins, by name on the wire."""
        self._options, self._consumer, self._name = options, consumer, name
        self._positions = {WirePartition(*tp): offset for tp, offset in positions.items()}
        self._reading = asyncio.Lock()
        self._news: asyncio.Task[None] | None = None
        consumer.assign(list(self._positions))
        consumer.pause(*self._positions)
        for tp, offset in self._positions.items():
            consumer.seek(tp, offset)

    async def read(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], limit: int
    ) -> Sequence[Message]:
        """At most `limit` messages from `starts` up to at least `ends`."""
        messages: list[Message] = []
        async with self._reading, reported(self._options, f"read {self._name}"):
            await self._stop_waiting()
            self._go_to(starts)
            async with asyncio.timeout(self._options.request_timeout):
                while len(messages) < limit and (behind := [tp for tp in ends if self._positions[tp] < ends[tp]]):
                    messages += await self._more(behind, limit - len(messages))
        return messages

    def news(self) -> asyncio.Task[None]:
        """A task that is done when there are records after those last read or waited for, or when a task reads."""
        if self._news is None or self._news.done():
            self._consumer.resume(*self._positions)
            self._news = asyncio.create_task(self._wait())
        return self._news

    async def close(self) -> None:
        await self._stop_waiting()
        await stop_consumer(self._consumer)

    async def _wait(self) -> None:
        async with reported(self._options, f"wait for {self._name}"):
            self._advance(await self._consumer.getmany(timeout_ms=ONE_WAIT_MS))

    async def _stop_waiting(self) -> None:
        if self._news is not None:
            self._news.cancel()
            await asyncio.wait({self._news})
            self._consumer.pause(*self._positions)

    def _go_to(self, starts: Mapping[TopicPartition, int]) -> None:
        for tp, position in self._positions.items():
            if starts.get(TopicPartition(*tp), 0) != position:
                self._positions[tp] = starts.get(TopicPartition(*tp), 0)
                self._consumer.seek(tp, self._positions[tp])

    async def _more(self, behind: Sequence[Any], limit: int) -> list[Message]:
        wanted = [WirePartition(*tp) for tp in behind]
        self._consumer.resume(*wanted)
        found = await self._consumer.getmany(*wanted, timeout_ms=1000, max_records=limit)
        self._advance(found)
        for tp in wanted:
            self._positions[tp] = await self._consumer.position(tp)
        return [message_of(self._name, record) for records in found.values() for record in records]

    def _advance(self, found: Mapping[Any, Sequence[Any]]) -> None:
        """Advance past delivered records, and stop fetching: a fetch under way would delay the next seek."""
        self._consumer.pause(*self._positions)
        for tp, records in found.items():
            self._positions[tp] = records[-1].offset + 1
