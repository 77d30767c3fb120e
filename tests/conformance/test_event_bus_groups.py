"""The promises of every event bus to consumer groups: redelivery, sharing, hand-over, fencing, replay."""

from __future__ import annotations

import asyncio
import gc

import pytest

from services.chassis.bus.port import BusError, EventBus, Fenced, Message, TopicPartition
from tests.conformance.adapters import Adapter
from tests.conformance.conftest import Connect
from tests.conformance.consuming import (
    DEADLINE_SECONDS,
    TOPIC,
    by_key,
    consume,
    delivered_twice,
    numbered,
    numbers,
    receive,
    spread,
    topic,
)


@pytest.fixture(autouse=True)
async def _topic(bus: EventBus) -> None:
    await bus.create_topics([topic()])


async def test_a_fetch_returns_no_more_than_asked_and_goes_on_behind_the_last(adapter: Adapter, bus: EventBus) -> None:
    await bus.produce(numbered(range(50)))
    subscription = await bus.subscribe("g", [TOPIC])
    received: list[Message] = []
    while messages := await subscription.fetch(7, adapter.patience):
        assert len(messages) <= 7
        received += messages
    assert sorted(numbers(received)) == list(range(50))


async def test_what_a_member_did_not_commit_comes_again_to_the_next(bus: EventBus) -> None:
    await bus.produce(numbered(range(50)))
    first = await bus.subscribe("g", [TOPIC])
    done = await receive(first, 20)
    await first.commit(done)
    await receive(first, 10)
    await first.close()
    again = await receive(await bus.subscribe("g", [TOPIC]), 30)
    assert sorted(numbers(done + again)) == list(range(50))


@pytest.mark.needs("dropping_is_dying")
async def test_what_a_member_that_died_did_not_commit_comes_to_the_others(bus: EventBus) -> None:
    await bus.produce(numbered(range(50)))
    dying = await bus.subscribe("g", [TOPIC])
    await receive(dying, 50)
    other = await bus.subscribe("g", [TOPIC])
    assert list(await other.fetch(50, 0)) == []
    del dying
    gc.collect()
    assert sorted(numbers(await receive(other, 50))) == list(range(50))


async def test_after_a_rewind_what_was_not_committed_comes_again(bus: EventBus) -> None:
    await bus.produce(numbered(range(50)))
    subscription = await bus.subscribe("g", [TOPIC])
    done = await receive(subscription, 15)
    await subscription.commit(done)
    missed = await receive(subscription, 15)
    await subscription.rewind()
    again = await receive(subscription, 35)
    assert set(missed) <= set(again)
    assert sorted(numbers(done + again)) == list(range(50))


async def test_a_commit_covers_what_lies_before_it_and_never_goes_back(bus: EventBus) -> None:
    await bus.create_topics([topic("one", partitions=1)])
    await bus.produce(numbered(range(10), topic_name="one"))
    subscription = await bus.subscribe("g", ["one"])
    messages = await receive(subscription, 10)
    place = TopicPartition("one", 0)
    assert await bus.committed("g", ["one"]) == {place: 0}
    await subscription.commit([])
    await subscription.commit([messages[6]])
    assert await bus.committed("g", ["one"]) == {place: 7}
    await subscription.commit(messages[:3])
    assert await bus.committed("g", ["one"]) == {place: 7}
    await subscription.rewind()
    assert numbers(await receive(subscription, 3)) == [7, 8, 9]


async def test_groups_do_not_know_of_each_other(bus: EventBus) -> None:
    await bus.produce(numbered(range(50)))
    ends = await bus.end_offsets([TOPIC])
    one, other = await bus.subscribe("one", [TOPIC]), await bus.subscribe("other", [TOPIC])
    await one.commit(await receive(one, 50))
    assert await bus.committed("one", [TOPIC]) == ends
    assert await bus.committed("other", [TOPIC]) == dict.fromkeys(ends, 0)
    assert sorted(numbers(await receive(other, 50))) == list(range(50))


async def test_a_member_may_read_several_topics(bus: EventBus) -> None:
    await bus.create_topics([topic("more", partitions=2)])
    subscription = await bus.subscribe("g", [TOPIC, "more"])
    await bus.produce([*numbered(range(20)), *numbered(range(20, 40), topic_name="more")])
    messages = await receive(subscription, 40)
    assert sorted(numbers(messages)) == list(range(40))
    await subscription.commit(messages)
    topics = [TOPIC, "more"]
    assert await bus.committed("g", topics) == await bus.end_offsets(topics)


async def test_members_share_the_partitions_and_none_has_two_owners(connect: Connect, bus: EventBus) -> None:
    members = [await (await connect()).subscribe("g", [TOPIC]) for _ in range(3)]
    await spread(bus, members)
    await bus.produce(numbered(range(400)))
    got = await consume(members, 400)
    assert delivered_twice(got) == []
    owners = {(m.partition, n) for n, messages in enumerate(got) for m in messages}
    assert len(owners) == len({partition for partition, _ in owners}) == 4
    assert {n for _, n in owners} == {0, 1, 2}


async def test_more_members_than_partitions_do_no_harm(bus: EventBus) -> None:
    members = [await bus.subscribe("g", [TOPIC]) for _ in range(6)]
    await bus.produce(numbered(range(100)))
    assert sorted(numbers(m for each in await consume(members, 100) for m in each)) == list(range(100))


async def test_the_partitions_of_a_member_that_leaves_go_to_the_others(connect: Connect, bus: EventBus) -> None:
    leaving, staying = await bus.subscribe("g", [TOPIC]), await (await connect()).subscribe("g", [TOPIC])
    await spread(bus, [leaving, staying])
    await bus.produce(numbered(range(100)))
    held = await leaving.fetch(100, 5.0)
    assert held
    waiting = asyncio.create_task(consume([staying], 100))
    await leaving.close()
    await leaving.close()
    (received,) = await waiting
    assert sorted(numbers(received)) == list(range(100))


async def test_nobody_steals_from_a_slow_member(connect: Connect, bus: EventBus) -> None:
    """The slow member commits, or its commit is refused; no message is lost or handled by two members."""
    await bus.produce(numbered(range(100)))
    slow = await bus.subscribe("g", [TOPIC])
    held = await receive(slow, 40)
    quick = await (await connect()).subscribe("g", [TOPIC])
    await bus.produce(numbered(range(100, 200)))
    early: list[Message] = []
    for _ in range(20):
        messages = await quick.fetch(100, 0.01)
        await quick.commit(messages)
        early += messages
    try:
        await slow.commit(held)
    except Fenced:
        await slow.rewind()
        held = []
    got = await consume([slow, quick], 200 - len(held) - len(early))
    assert delivered_twice([held, early, *got]) == []
    assert sorted(numbers([*held, *early, *got[0], *got[1]])) == list(range(200))


@pytest.mark.needs("hands_over_between_batches")
async def test_a_member_that_fetches_on_without_committing_keeps_what_it_has(bus: EventBus) -> None:
    await bus.produce(numbered(range(100)))
    slow = await bus.subscribe("g", [TOPIC])
    held = await receive(slow, 100)
    joining = await bus.subscribe("g", [TOPIC])
    for _ in range(5):
        assert list(await slow.fetch(100, 0)) == []
        assert list(await joining.fetch(100, 0)) == []
    await slow.commit(held)
    await spread(bus, [slow, joining])


@pytest.mark.needs("hands_over_between_batches")
async def test_a_member_that_always_has_something_in_flight_hands_over_too(adapter: Adapter, bus: EventBus) -> None:
    await bus.produce(numbered(range(40)))
    pipelined = await bus.subscribe("g", [TOPIC])
    ahead = await receive(pipelined, 40)
    joining = await bus.subscribe("g", [TOPIC])
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await joining.fetch(200, 0):
            await bus.produce(numbered(range(40)))
            behind, ahead = ahead, list(await pipelined.fetch(100, adapter.patience))
            await pipelined.commit(behind)


async def test_a_slow_member_hands_over_once_it_has_committed(connect: Connect, bus: EventBus) -> None:
    await bus.produce(numbered(range(100)))
    slow = await bus.subscribe("g", [TOPIC])
    held = await receive(slow, 100)
    joining = await (await connect()).subscribe("g", [TOPIC])
    await joining.fetch(1, 0)
    await slow.commit(held)
    await spread(bus, [slow, joining])


async def test_a_zombie_is_fenced_and_may_join_again(adapter: Adapter, connect: Connect, bus: EventBus) -> None:
    await bus.produce(numbered(range(100)))
    zombie = await bus.subscribe("g", [TOPIC])
    held = await receive(zombie, 60)
    await adapter.expel(bus, "g", zombie)
    heir = await (await connect()).subscribe("g", [TOPIC])
    inherited = await receive(heir, 100)
    assert set(held) <= set(inherited)
    with pytest.raises(Fenced):
        await zombie.commit(held)
    assert not any((await bus.committed("g", [TOPIC])).values())
    await heir.commit(inherited)
    await zombie.rewind()
    await spread(bus, [zombie, heir])


async def test_a_zombie_is_fenced_before_anybody_else_has_its_partitions(adapter: Adapter, bus: EventBus) -> None:
    await bus.produce(numbered(range(10)))
    zombie = await bus.subscribe("g", [TOPIC])
    held = await receive(zombie, 10)
    await adapter.expel(bus, "g", zombie)
    with pytest.raises(Fenced):
        await zombie.commit(held)
    assert sorted(numbers(await receive(zombie, 10))) == list(range(10))


async def test_a_refused_commit_commits_nothing(adapter: Adapter, bus: EventBus) -> None:
    """Including the partitions that the member owns after it has joined again."""
    await bus.produce(numbered(range(100)))
    zombie = await bus.subscribe("g", [TOPIC])
    held = await receive(zombie, 100)
    await adapter.expel(bus, "g", zombie)
    heir = await bus.subscribe("g", [TOPIC])
    inherited = await receive(heir, 100)
    await heir.commit([m for m in inherited if m.partition < 2])
    before = await bus.committed("g", [TOPIC])
    await zombie.fetch(1, adapter.patience)
    with pytest.raises(Fenced):
        await zombie.commit(held)
    assert await bus.committed("g", [TOPIC]) == before


async def test_a_group_starts_anew_at_any_offset(bus: EventBus) -> None:
    await bus.produce(numbered(range(100), keys=40))
    subscription = await bus.subscribe("g", [TOPIC])
    first = await receive(subscription, 100)
    await subscription.commit(first)
    ends = await bus.end_offsets([TOPIC])
    await bus.reset("g", {tp: end // 2 for tp, end in ends.items()})
    assert await bus.committed("g", [TOPIC]) == {tp: end // 2 for tp, end in ends.items()}
    await subscription.rewind()
    wanted = {m for m in first if m.offset >= ends[TopicPartition(TOPIC, m.partition)] // 2}
    again = await receive(subscription, len(wanted))
    assert set(again) == wanted
    assert list(await subscription.fetch(1, 0)) == []


async def test_a_group_without_members_can_be_reset(bus: EventBus) -> None:
    await bus.produce(numbered(range(20)))
    ends = await bus.end_offsets([TOPIC])
    await bus.reset("new", ends)
    subscription = await bus.subscribe("new", [TOPIC])
    await bus.produce(numbered([20]))
    assert numbers(await receive(subscription, 1)) == [20]
    await bus.reset("new", dict.fromkeys(ends, 0))
    await subscription.rewind()
    assert len(await receive(subscription, 21)) == 21


async def test_an_offset_outside_the_log_is_no_place_to_start(bus: EventBus) -> None:
    for place, offset in ((TopicPartition(TOPIC, 0), 1), (TopicPartition(TOPIC, 0), -1), (TopicPartition(TOPIC, 9), 0)):
        with pytest.raises(BusError):
            await bus.reset("g", {place: offset})


async def test_a_busy_partition_does_not_starve_the_others(adapter: Adapter, bus: EventBus) -> None:
    await bus.produce(numbered(range(1000), keys=1))
    await bus.produce([r for r in numbered(range(1000, 1040), keys=40) if r.key != "key 0"])
    subscription = await bus.subscribe("g", [TOPIC])
    seen: set[int] = set()
    for _ in range(20):
        messages = await subscription.fetch(20, adapter.patience)
        await subscription.commit(messages)
        seen |= {m.partition for m in messages}
    assert seen == {0, 1, 2, 3}


async def test_order_per_key_holds_while_members_come_and_go(adapter: Adapter, connect: Connect, bus: EventBus) -> None:
    await bus.produce(numbered(range(300), keys=10))
    committed: list[Message] = []
    members = [await bus.subscribe("g", [TOPIC])]
    async with asyncio.timeout(DEADLINE_SECONDS):
        for turn in range(1000):
            member = members[turn % len(members)]
            messages = await member.fetch(10, adapter.patience)
            await member.commit(messages)
            committed += messages
            if turn % 4 == 1:
                members.append(await (await connect()).subscribe("g", [TOPIC]))
            if turn % 4 == 3:
                await members.pop(0).close()
            if len(committed) == 300:
                break
    assert by_key(committed) == {f"key {k}": list(range(k, 300, 10)) for k in range(10)}
