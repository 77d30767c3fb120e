"""The promises of a bus whose processes are killed, stopped and started."""

from __future__ import annotations

import asyncio

import pytest

from services.chassis.bus.port import EventBus, Offsets, Record, TopicPartition, UnknownTopic
from services.chassis.clock import pause
from tests.conformance.conftest import Start
from tests.conformance.consuming import DEADLINE_SECONDS, PARTITIONS, TOPIC, consume, numbered, numbers, receive, topic

pytestmark = [pytest.mark.processes, pytest.mark.needs("several_processes")]


async def test_the_partitions_of_a_killed_process_go_to_the_others(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(100)))
    process = await start("hold", "g", TOPIC)
    held = {int(value) for value in (await process.line()).split()}
    assert held == set(range(100))
    heir = await bus.subscribe("g", [TOPIC])
    assert list(await heir.fetch(100, 0)) == []
    waiting = asyncio.create_task(receive(heir, 100))
    await process.kill()
    assert sorted(numbers(await waiting)) == list(range(100))


async def test_every_process_of_a_group_may_be_killed_and_nothing_is_lost(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic()])
    processes = [await start("hold", "g", TOPIC) for _ in range(2)]
    survivor = await bus.subscribe("g", [TOPIC])
    await bus.produce(numbered(range(100)))
    await asyncio.wait([asyncio.create_task(p.line()) for p in processes], timeout=1)
    for process in processes:
        await process.kill()
    (received,) = await consume([survivor], 100)
    assert sorted(numbers(received)) == list(range(100))


@pytest.mark.needs("tells_slow_from_dead")
async def test_a_stopped_process_keeps_its_partitions(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(100)))
    process = await start("hold", "g", TOPIC)
    await process.line()
    process.stop()
    for _ in range(3):  # a new member checks at once for dead ones
        other = await bus.subscribe("g", [TOPIC])
        assert list(await other.fetch(100, 0)) == []
        await other.close()
    process.go_on()
    await process.kill()
    assert len(await receive(await bus.subscribe("g", [TOPIC]), 100)) == 100


@pytest.mark.needs("expels_the_silent")
async def test_a_process_that_was_stopped_too_long_is_fenced_and_joins_again(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic(), topic("sign")])
    await bus.produce(numbered(range(100)))
    process = await start("commit_late", "g", TOPIC, "sign")
    assert len((await process.line()).split()) == 100
    process.stop()
    heir = await bus.subscribe("g", [TOPIC])
    inherited = await receive(heir, 100)
    await bus.produce(numbered([0], topic_name="sign"))
    process.go_on()
    assert await process.line() == "fenced"
    await heir.commit(inherited[:50])
    await heir.close()
    committed = await bus.committed("g", [TOPIC])
    done = {m.value for m in inherited if m.offset < committed[TopicPartition(m.topic, m.partition)]}
    again = {value.encode() for value in (await process.line()).split()}
    assert await process.line() == "committed"
    assert done | again == {str(n).encode() for n in range(100)}


async def test_a_key_goes_to_one_partition_whichever_process_produces(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic()])
    process = await start("produce", TOPIC, "40")
    await process.line()
    await process.kill()
    await bus.produce([Record(TOPIC, f"key {n}", b"0", ()) for n in range(40)])
    messages = await bus.read(TOPIC, max_records=1_000_000)
    keys = {f"key {n}" for n in range(40)}
    assert len({(m.key, m.partition) for m in messages if m.key in keys}) == 40


async def test_what_was_acknowledged_survives_the_death_of_its_producer(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic()])
    process = await start("produce", TOPIC, "10")
    for _ in range(20):
        await process.line()
    await process.kill()
    acknowledged = max(int(line) for line in await process.lines_left() or ["199"])
    found = set(numbers(await bus.read(TOPIC, max_records=1_000_000)))
    assert found >= set(range(acknowledged + 1))


@pytest.mark.needs("atomic_appends")
async def test_what_a_producer_leaves_that_was_killed_are_whole_produces(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic()])
    process = await start("produce", TOPIC, "10")
    for _ in range(20):
        await process.line()
    await process.kill()
    assert len(await bus.read(TOPIC, max_records=1_000_000)) % 10 == 0


@pytest.mark.needs("atomic_appends")
async def test_a_produce_becomes_visible_all_at_once(bus: EventBus, start: Start) -> None:
    await bus.create_topics([topic()])
    process = await start("produce", TOPIC, "8")
    count, counts, offsets = 0, set[int](), dict[TopicPartition, int]()
    async with asyncio.timeout(30):
        while len(counts) < 30:  # each time what is new: the producer is faster than a reader of everything
            messages = await bus.read(TOPIC, offsets, max_records=1_000_000)
            offsets |= {TopicPartition(m.topic, m.partition): m.offset + 1 for m in messages}
            count += len(messages)
            counts.add(count)
            await pause(0)
    await process.kill()
    assert {count % 8 for count in counts} == {0}


async def test_a_topic_that_another_process_makes_is_unknown_or_complete(bus: EventBus, start: Start) -> None:
    makers = [await start("create", "made", "20") for _ in range(2)]
    for maker in makers:
        await maker.line()
    async with asyncio.timeout(DEADLINE_SECONDS):
        for n in range(20):
            while (ends := await ends_if_known(bus, f"made.{n}")) is None:
                await pause(0)
            assert list(ends.values()) == [0] * PARTITIONS


async def ends_if_known(bus: EventBus, name: str) -> Offsets | None:
    try:
        return await bus.end_offsets([name])
    except UnknownTopic:
        return None


async def test_a_message_wakes_the_process_that_waits_for_it(bus: EventBus, start: Start) -> None:
    """Each round trip waits twice. Without wake-ups thirty of them would take many times the deadline."""
    await bus.create_topics([topic(), topic("replies")])
    process = await start("echo", "g", TOPIC, "replies")
    assert await process.line() == "joined"
    replies = await bus.subscribe("h", ["replies"])
    async with asyncio.timeout(10):
        for n in range(30):
            await bus.produce(numbered([n]))
            assert numbers(await replies.fetch(10, timeout=600)) == [n]
