"""Produces numbered records and consumes them, for the conformance tests."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from services.chassis.bus.port import EventBus, Message, Record, Subscription, TopicSpec

WEEK = 7 * 24 * 3600.0
DEADLINE_SECONDS = 30
TOPIC = "numbers"
PARTITIONS = 4


def topic(name: str = TOPIC, partitions: int = PARTITIONS, retention_seconds: float = WEEK) -> TopicSpec:
    return TopicSpec(name, partitions, retention_seconds)


def numbered(numbers: Iterable[int], keys: int = 40, topic_name: str = TOPIC) -> list[Record]:
    """One record per number, its value, spread over `keys` keys (40 keys reach all four partitions)."""
    return [Record(topic_name, f"key {n % keys}", str(n).encode(), ()) for n in numbers]


def numbers(messages: Iterable[Message]) -> list[int]:
    return [int(message.value) for message in messages]


def by_key(messages: Iterable[Message]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for message in messages:
        found[message.key].append(int(message.value))
    return found


async def receive(subscription: Subscription, count: int, at_once: int = 100) -> list[Message]:
    """Fetch, without committing, until there are `count` messages."""
    received: list[Message] = []
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(received) < count:
            received += await subscription.fetch(min(at_once, count - len(received)), 5.0)
    return received


async def consume(members: Sequence[Subscription], count: int) -> list[list[Message]]:
    """Have the members fetch and commit in turn until they have `count` different messages.

    Returns what each of them got.
    """
    got: list[list[Message]] = [[] for _ in members]
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len({(m.topic, m.partition, m.offset) for each in got for m in each}) < count:
            for n, member in enumerate(members):
                messages = await member.fetch(10, 0.02)
                await member.commit(messages)
                got[n] += messages
    return got


async def spread(bus: EventBus, members: Sequence[Subscription]) -> None:
    """Produce and consume until every member gets a message: the group has settled."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        idle = set(range(len(members)))
        while idle:
            await bus.produce(numbered(range(40)))
            got = await consume(members, 40)
            idle = {n for n, messages in enumerate(got) if not messages}


def delivered_twice(got: Iterable[Iterable[Message]]) -> list[tuple[str, int, int]]:
    """The places in the log of messages that were delivered more than once, to any member."""
    counted = Counter((m.topic, m.partition, m.offset) for messages in got for m in messages)
    return [place for place, times in counted.items() if times > 1]
