"""A broker that freezes or restarts. These tests use `own_broker`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

import pytest

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.kafka_subscription import KafkaSubscription
from services.chassis.bus.port import BusError, TopicPartition
from testbed.broker import Broker
from tests.conformance.consuming import DEADLINE_SECONDS, TOPIC, numbered, numbers, receive, topic
from tests.conformance.kafka.conftest import Connect

pytestmark = pytest.mark.stack


@pytest.fixture
def broker(own_broker: Broker) -> Broker:
    return own_broker


async def test_nothing_is_lost_when_the_broker_freezes(broker: Broker, bus: KafkaBus, connect: Connect) -> None:
    impatient = connect(request_timeout=1.0)
    subscription = await impatient.subscribe("g", [TOPIC])
    await impatient.produce(numbered(range(40)))
    await subscription.commit(await receive(subscription, 40))
    with broker.paused(), pytest.raises(BusError, match=r"cannot produce at .*: no answer in time"):
        await impatient.produce(numbered(range(40, 80)))
    await _until_done(lambda: impatient.produce(numbered(range(40, 120))))
    assert await _received(subscription, range(40, 120))


async def test_a_member_whose_commit_had_no_answer_goes_on(broker: Broker, bus: KafkaBus, connect: Connect) -> None:
    """The commit may have arrived, so its messages may be delivered again or not."""
    subscription = await connect(request_timeout=1.0, rebalance_timeout=600.0).subscribe("g", [TOPIC])
    await bus.produce(numbered(range(40)))
    held = await receive(subscription, 40)
    with broker.paused(), pytest.raises(BusError, match=r"cannot commit at .*: no answer in time"):
        await subscription.commit(held)
    await _until_done(lambda: bus.produce(numbered(range(40, 80))))
    assert await _received(subscription, range(40, 80))


async def test_everything_goes_on_when_the_broker_was_restarted(broker: Broker, bus: KafkaBus) -> None:
    subscription = await bus.subscribe("g", [TOPIC])
    await bus.produce(numbered(range(40)))
    await subscription.commit(await receive(subscription, 40))
    waiting = asyncio.create_task(subscription.fetch(1, timeout=DEADLINE_SECONDS))
    await asyncio.to_thread(broker.restart)
    await _until_done(lambda: bus.produce(numbered(range(40, 80))))
    first = await waiting
    await subscription.commit(first)
    assert await _received(subscription, set(range(40, 80)) - set(numbers(first)))


async def test_a_group_that_heard_of_no_partitions_gets_them_when_there_are_some(
    connect: Connect, options: KafkaOptions
) -> None:
    """A broker that has just restarted may know of no topic yet when a group assigns its partitions."""
    bus = connect()

    async def nothing_committed(partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        return {}

    subscription = KafkaSubscription(options, f"{options.prefix}g", [f"{options.prefix}{TOPIC}"], nothing_committed)
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not subscription.member:
                assert not await subscription.fetch(1, 0.1)
        await bus.create_topics([topic()])
        await bus.produce(numbered(range(40)))
        assert await _received(subscription, range(40))
    finally:
        await subscription.close()


async def _received(subscription: KafkaSubscription, wanted: Iterable[int]) -> bool:
    """Assert that each of the numbers is delivered, at least once, within a deadline."""
    left = set(wanted)
    async with asyncio.timeout(DEADLINE_SECONDS):
        while left:
            messages = await subscription.fetch(100, 1.0)
            await subscription.commit(messages)
            left -= set(numbers(messages))
    return True


async def _until_done(ask: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            try:
                return await ask()
            except BusError:
                continue
