"""The promises of every event bus about its log: order, atomicity, reading, retention, waking tasks that wait.

Groups and processes: `test_event_bus_groups.py`, `test_event_bus_processes.py`.
"""

from __future__ import annotations

import asyncio

import pytest

from services.chassis.bus.port import BusError, EventBus, Record, TopicPartition, UnknownTopic
from tests.conformance.adapters import Adapter
from tests.conformance.conftest import Connect
from tests.conformance.consuming import (
    DEADLINE_SECONDS,
    PARTITIONS,
    TOPIC,
    by_key,
    numbered,
    numbers,
    receive,
    topic,
)


async def test_records_of_one_key_keep_their_order(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    for first in range(0, 1000, 100):
        await bus.produce(numbered(range(first, first + 100), keys=7))
    received = by_key(await receive(await bus.subscribe("g", [TOPIC]), 1000, at_once=30))
    assert received == {f"key {k}": list(range(k, 1000, 7)) for k in range(7)}


async def test_produce_calls_made_at_the_same_time_keep_the_order_of_each_producer(connect: Connect) -> None:
    buses = [await connect() for _ in range(3)]
    await buses[0].create_topics([topic()])

    async def produce_in_order(n: int) -> None:
        for value in range(50):
            await buses[n].produce([Record(TOPIC, f"producer {n}", str(value).encode(), ())])

    await asyncio.gather(*(produce_in_order(n) for n in range(3)))
    received = by_key(await receive(await buses[0].subscribe("g", [TOPIC]), 150))
    assert received == {f"producer {n}": list(range(50)) for n in range(3)}


async def test_a_key_goes_to_one_partition_whoever_produces(connect: Connect) -> None:
    one, other = await connect(), await connect()
    await one.create_topics([topic()])
    await one.produce(numbered(range(100)))
    await other.produce(numbered(range(100)))
    partitions = {(m.key, m.partition) for m in await one.read(TOPIC)}
    assert len(partitions) == len({key for key, _ in partitions}) == 40
    assert {partition for _, partition in partitions} == set(range(PARTITIONS))


async def test_a_message_is_the_record_that_was_produced(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    headers = (("ce_id", b"1"), ("ce_type", "収納".encode()), ("ce_id", b"again"), ("empty", b""))
    records = [Record(TOPIC, "納付者", b"\x00\xff", headers), Record(TOPIC, "", b"", ())]
    await bus.produce(records)
    messages = await bus.read(TOPIC)
    assert {Record(m.topic, m.key, m.value, m.headers) for m in messages} == set(records)
    assert all(type(m.headers) is tuple and type(m.value) is bytes for m in messages)


async def test_a_produce_of_nothing_is_nothing(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    await bus.produce([])
    assert await bus.read(TOPIC) == []


async def test_a_flush_waits_for_what_was_produced_whoever_produces_beside_it(connect: Connect) -> None:
    one, other = await connect(), await connect()
    await one.create_topics([topic()])
    await one.flush()
    await one.produce(numbered(range(50)))
    await asyncio.gather(one.flush(), other.produce(numbered(range(50, 100))), other.flush())
    assert sorted(numbers(await other.read(TOPIC))) == list(range(100))


async def test_offsets_count_the_records_of_a_partition(bus: EventBus) -> None:
    await bus.create_topics([topic(partitions=1)])
    for size in (1, 1200, 3):
        await bus.produce(numbered(range(size)))
    assert [m.offset for m in await bus.read(TOPIC, max_records=5000)] == list(range(1204))
    assert await bus.end_offsets([TOPIC]) == {TopicPartition(TOPIC, 0): 1204}


async def test_a_produce_with_an_unknown_topic_writes_nothing(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    with pytest.raises(UnknownTopic):
        await bus.produce([*numbered([1]), *numbered([2], topic_name="nobody.made.this")])
    assert await bus.read(TOPIC) == []


async def test_an_unknown_topic_is_reported_by_every_call(bus: EventBus) -> None:
    for call in (
        bus.subscribe("g", ["unknown"]),
        bus.read("unknown"),
        bus.end_offsets(["unknown"]),
        bus.committed("g", ["unknown"]),
        bus.reset("g", {TopicPartition("unknown", 0): 0}),
        bus.wait(["unknown"], 0),
        bus.produce(numbered([1], topic_name="unknown")),
    ):
        with pytest.raises(UnknownTopic):
            await call


async def test_creating_topics_again_changes_nothing(connect: Connect) -> None:
    one, other = await connect(), await connect()
    await one.create_topics([topic()])
    await one.produce(numbered(range(10)))
    await other.create_topics([topic(), topic("another")])
    await one.create_topics([topic("another")])
    assert len(await other.read(TOPIC)) == 10


async def test_each_topic_that_exists_with_other_settings_is_named(bus: EventBus) -> None:
    await bus.create_topics([topic("a"), topic("b"), topic("c")])
    with pytest.raises(BusError, match=r"(?s)a: .*b: ") as refused:
        await bus.create_topics([topic("a", partitions=3), topic("b", retention_seconds=5.0), topic("c")])
    assert "c: " not in str(refused.value)
    assert len(await bus.end_offsets(["a"])) == PARTITIONS


@pytest.mark.parametrize("name", ["", "../a", "a/b", "a b", "収納"])
async def test_a_topic_name_is_a_plain_word(bus: EventBus, name: str) -> None:
    with pytest.raises(BusError):
        await bus.create_topics([topic(name)])


async def test_read_needs_no_group_and_leaves_no_trace(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(100)))
    assert sorted(numbers(await bus.read(TOPIC))) == list(range(100))
    assert sorted(numbers(await bus.read(TOPIC))) == list(range(100))
    assert len(await receive(await bus.subscribe("g", [TOPIC]), 100)) == 100


async def test_read_goes_on_from_where_it_stopped(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(100)))
    following: dict[TopicPartition, int] = {}
    seen: list[int] = []
    while messages := await bus.read(TOPIC, following, max_records=7):
        assert len(messages) <= 7
        seen += numbers(messages)
        following |= {TopicPartition(m.topic, m.partition): m.offset + 1 for m in messages}
    assert sorted(seen) == list(range(100))
    assert following == await bus.end_offsets([TOPIC])


async def test_a_closed_bus_loses_nothing(adapter: Adapter, connect: Connect) -> None:
    before = await connect()
    await before.create_topics([topic()])
    await before.produce(numbered(range(50)))
    subscription = await before.subscribe("g", [TOPIC])
    await subscription.commit(await receive(subscription, 20))
    await receive(subscription, 5)
    await before.close()
    await before.close()

    after = await connect()
    await after.produce(numbered(range(50, 60)))
    left = await receive(await after.subscribe("g", [TOPIC]), 40)
    assert len(left) == 40
    assert sorted(numbers(await after.read(TOPIC))) == list(range(60))


async def test_a_closed_bus_refuses_to_work(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    subscription = await bus.subscribe("g", [TOPIC])
    await bus.close()
    for call in (bus.produce(numbered([1])), bus.read(TOPIC), subscription.fetch(1, 0)):
        with pytest.raises(BusError):
            await call


async def test_a_waiting_fetch_returns_when_another_connection_produces(connect: Connect) -> None:
    reader, writer = await connect(), await connect()
    await reader.create_topics([topic()])
    waiting = asyncio.create_task((await reader.subscribe("g", [TOPIC])).fetch(10, timeout=600))
    await writer.produce(numbered([7]))
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert numbers(await waiting) == [7]


async def test_a_waiting_reader_returns_when_another_connection_produces(connect: Connect) -> None:
    reader, writer = await connect(), await connect()
    await reader.create_topics([topic()])

    async def follow() -> list[int]:
        while not (messages := await reader.read(TOPIC)):
            await reader.wait([TOPIC], timeout=600)
        return numbers(messages)

    following = asyncio.create_task(follow())
    await writer.produce(numbered([7]))
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert await following == [7]


async def test_waiting_ends_when_the_time_is_up(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    subscription = await bus.subscribe("g", [TOPIC])
    async with asyncio.timeout(DEADLINE_SECONDS):
        assert list(await subscription.fetch(10, timeout=0.01)) == []
        await bus.wait([TOPIC], timeout=0.01)
        await bus.wait([TOPIC], timeout=0.01)


async def test_a_timeout_of_zero_asks_without_waiting(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    subscription = await bus.subscribe("g", [TOPIC])
    async with asyncio.timeout(DEADLINE_SECONDS):
        for _ in range(1000):  # too many for any fetch to have waited
            assert list(await subscription.fetch(10, timeout=0)) == []


async def test_a_cancelled_fetch_takes_nothing_with_it(bus: EventBus) -> None:
    await bus.create_topics([topic()])
    subscription = await bus.subscribe("g", [TOPIC])
    waiting = asyncio.create_task(subscription.fetch(10, timeout=600))
    await subscription_is_waiting(waiting)
    await bus.produce(numbered(range(3)))
    waiting.cancel()
    await asyncio.wait([waiting])
    taken = numbers(waiting.result()) if not waiting.cancelled() else []
    left = numbers(await receive(subscription, 3 - len(taken)))
    assert sorted(taken + left) == [0, 1, 2]


async def subscription_is_waiting(task: asyncio.Task[object]) -> None:
    """Let the task run until it waits for something new."""
    done, _ = await asyncio.wait([task], timeout=0.05)
    assert not done


@pytest.mark.needs("settable_time")
async def test_expired_records_go_and_offsets_do_not_start_anew(adapter: Adapter, bus: EventBus) -> None:
    await bus.create_topics([topic(partitions=1, retention_seconds=100.0)])
    await bus.produce(numbered(range(5)))
    adapter.advance(60)
    await bus.produce(numbered(range(5, 8)))
    adapter.advance(60)
    await bus.produce(numbered([8]))
    remaining = await bus.read(TOPIC)
    assert [(m.offset, int(m.value)) for m in remaining] == [(5, 5), (6, 6), (7, 7), (8, 8)]
    adapter.advance(1000)
    await bus.produce(numbered([9]))
    assert [(m.offset, int(m.value)) for m in await bus.read(TOPIC)] == [(9, 9)]
    assert await bus.end_offsets([TOPIC]) == {TopicPartition(TOPIC, 0): 10}


@pytest.mark.parametrize("at_once", [1, 37, 1000])
async def test_a_long_log_is_read_whole_from_any_place(bus: EventBus, at_once: int) -> None:
    await bus.create_topics([topic(partitions=1)])
    for first in range(0, 740, at_once):
        await bus.produce(numbered(range(first, min(first + at_once, 740))))
    for start in (0, 1, 99, 100, 101, 350, 599, 600, 739, 740):
        found = await bus.read(TOPIC, {TopicPartition(TOPIC, 0): start})
        assert [(m.offset, int(m.value)) for m in found] == [(n, n) for n in range(start, 740)]


@pytest.mark.needs("settable_time")
@pytest.mark.parametrize("expired", [1, 99, 100, 101, 250, 640, 749])
async def test_exactly_the_expired_part_of_a_long_log_is_deleted(adapter: Adapter, bus: EventBus, expired: int) -> None:
    await bus.create_topics([topic(partitions=1, retention_seconds=100.0)])
    await bus.produce(numbered(range(expired)))
    adapter.advance(60)
    await bus.produce(numbered(range(expired, 750)))
    adapter.advance(60)
    await bus.produce(numbered(range(750, 1000)))
    await bus.produce(numbered([1000]))
    remaining = await bus.read(TOPIC)
    assert [(m.offset, int(m.value)) for m in remaining] == [(n, n) for n in range(expired, 1001)]


@pytest.mark.needs("settable_time")
async def test_offsets_continue_after_everything_has_expired_and_the_log_was_closed(
    adapter: Adapter, connect: Connect
) -> None:
    before = await connect()
    await before.create_topics([topic(retention_seconds=100.0)])
    await before.produce(numbered(range(40)))
    ends = await before.end_offsets([TOPIC])
    adapter.advance(1000)
    await before.produce([Record(TOPIC, "key 0", b"40", ())])
    await before.close()
    after = await connect()
    (remaining,) = await after.read(TOPIC)
    assert remaining.offset == ends[TopicPartition(TOPIC, remaining.partition)]


@pytest.mark.needs("settable_time")
async def test_a_reader_at_a_dropped_offset_gets_the_oldest_kept(adapter: Adapter, bus: EventBus) -> None:
    await bus.create_topics([topic(partitions=1, retention_seconds=100.0)])
    await bus.produce(numbered(range(5)))
    slow = await bus.subscribe("slow", [TOPIC])
    await slow.commit(await receive(slow, 2))
    await slow.rewind()
    adapter.advance(1000)
    await bus.produce(numbered(range(5, 8)))
    assert numbers(await bus.read(TOPIC, {TopicPartition(TOPIC, 0): 1})) == [5, 6, 7]
    received = await receive(slow, 3)
    assert numbers(received) == [5, 6, 7]
    await slow.commit(received)
    assert await bus.committed("slow", [TOPIC]) == {TopicPartition(TOPIC, 0): 8}
