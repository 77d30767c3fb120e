"""What is particular to Kafka: other clients, names on the wire, rights, timeouts, and a broker that comes and goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.kafka_subscription import KafkaSubscription
from services.chassis.bus.port import BusError, Fenced, Record, TopicPartition
from tests.broker import Broker
from tests.conformance.consuming import (
    DEADLINE_SECONDS,
    TOPIC,
    by_key,
    consume,
    delivered_twice,
    numbered,
    numbers,
    receive,
    topic,
)

pytestmark = pytest.mark.stack

Connect = Callable[..., KafkaBus]


@pytest.fixture
def options(broker: Broker, topic_prefix: str) -> KafkaOptions:
    return KafkaOptions(broker.plain, prefix=topic_prefix, session_timeout=1.5, request_timeout=5.0)


@pytest_asyncio.fixture
async def connect(options: KafkaOptions) -> AsyncIterator[Connect]:
    """Opens connections with the options given, and closes them after the test."""
    opened: list[KafkaBus] = []

    def open_another(**changed: Any) -> KafkaBus:
        opened.append(KafkaBus(replace(options, **changed)))
        return opened[-1]

    yield open_another
    for bus in opened:
        await bus.close()


@pytest_asyncio.fixture
async def bus(connect: Connect) -> KafkaBus:
    bus = connect()
    await bus.create_topics([topic()])
    return bus


@pytest.fixture
def admin(broker: Broker) -> AdminClient:
    return AdminClient({"bootstrap.servers": broker.plain})


def produce_as_another(broker: Broker, *records: dict[str, Any], **config: str) -> None:
    """By librdkafka, the client of many other languages."""
    producer = Producer({"bootstrap.servers": broker.plain, **config})
    for record in records:
        producer.produce(**record)
    assert producer.flush(DEADLINE_SECONDS) == 0


async def test_a_key_has_the_partition_that_javas_clients_give_it(
    broker: Broker, options: KafkaOptions, bus: KafkaBus
) -> None:
    """librdkafka hashes with CRC-32 unless told otherwise; `murmur2_random` is how Java's clients do it."""
    await bus.produce(numbered(range(40)))
    names = [{"topic": options.prefix + TOPIC, "key": f"key {n}", "value": b"0"} for n in range(40)]
    produce_as_another(broker, *names, partitioner="murmur2_random")
    messages = await bus.read(TOPIC)
    assert len(messages) == 80
    assert len({(m.key, m.partition) for m in messages}) == 40


async def test_what_another_client_left_out_is_empty(broker: Broker, options: KafkaOptions, bus: KafkaBus) -> None:
    produce_as_another(broker, {"topic": options.prefix + TOPIC, "value": None, "headers": [("none", None)]})
    (message,) = await receive(await bus.subscribe("g", [TOPIC]), 1)
    assert (message.key, message.value, message.headers) == ("", b"", (("none", b""),))


async def test_the_prefix_is_on_the_wire_alone(options: KafkaOptions, bus: KafkaBus, connect: Connect) -> None:
    await bus.produce(numbered(range(10)))
    subscription = await bus.subscribe("g", [TOPIC])
    await subscription.commit(await receive(subscription, 10))
    on_the_wire = connect(prefix="")
    name = options.prefix + TOPIC
    assert {m.topic for m in await bus.read(TOPIC)} == {TOPIC}
    assert {m.topic for m in await on_the_wire.read(name)} == {name}
    assert sum((await on_the_wire.committed(options.prefix + "g", [name])).values()) == 10


async def test_a_topic_is_made_with_its_retention(admin: AdminClient, options: KafkaOptions, bus: KafkaBus) -> None:
    await bus.create_topics([topic("short", retention_seconds=90.5)])
    asked = ConfigResource(ConfigResource.Type.TOPIC, f"{options.prefix}short")
    (found,) = admin.describe_configs([asked]).values()
    assert found.result(DEADLINE_SECONDS)["retention.ms"].value == "90500"


async def test_a_record_that_no_batch_can_hold_is_refused(bus: KafkaBus) -> None:
    with pytest.raises(BusError, match=r"too large: 1048576 are the most"):
        await bus.produce([Record(TOPIC, "key", b"0" * 1_048_577, ())])
    assert await bus.read(TOPIC) == []


async def test_a_produce_of_several_batches_keeps_the_order_of_a_key(bus: KafkaBus) -> None:
    await bus.produce([Record(TOPIC, "key", str(n).encode(), (("filling", b"0" * 9_000),)) for n in range(500)])
    assert by_key(await receive(await bus.subscribe("g", [TOPIC]), 500)) == {"key": list(range(500))}


async def test_a_group_with_members_elsewhere_cannot_be_reset(bus: KafkaBus, connect: Connect) -> None:
    await bus.produce(numbered(range(10)))
    subscription = await bus.subscribe("g", [TOPIC])
    await receive(subscription, 10)
    with pytest.raises(BusError, match="has members elsewhere"):
        await connect().reset("g", {TopicPartition(TOPIC, 0): 0})


async def test_a_wrong_password_is_one_clear_error(broker: Broker, admin: AdminClient, connect: Connect) -> None:
    _make_user(admin, "somebody", "right")
    stranger = connect(
        bootstrap=broker.scram, security_protocol="SASL_PLAINTEXT", username="somebody", password="mistaken"
    )
    with pytest.raises(BusError, match=r"cannot connect at .*[Aa]uthentication") as refused:
        await stranger.end_offsets([TOPIC])
    assert "mistaken" not in str(refused.value)


async def test_who_may_not_make_topics_is_sent_to_the_provisioning(
    broker: Broker, admin: AdminClient, options: KafkaOptions, bus: KafkaBus, connect: Connect
) -> None:
    name = f"{options.prefix}reader"
    _make_user(admin, name, "secret")
    _allow(admin, name, options.prefix + TOPIC, AclOperation.DESCRIBE)
    reader = connect(bootstrap=broker.scram, security_protocol="SASL_PLAINTEXT", username=name, password="secret")
    await reader.create_topics([topic(retention_seconds=5.0)])  # it may not read what the retention is
    with pytest.raises(BusError, match=r"partitions=4.* wanted .*partitions=3"):
        await reader.create_topics([topic(partitions=3)])
    with pytest.raises(BusError, match=r"another is missing and this principal may not make it; run the provisioning"):
        await reader.create_topics([topic("another")])


def _make_user(admin: AdminClient, name: str, password: str) -> None:
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    made = admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, credential, password.encode())])
    made[name].result(DEADLINE_SECONDS)


def _allow(admin: AdminClient, name: str, topic_name: str, operation: AclOperation) -> None:
    rule = AclBinding(
        ResourceType.TOPIC,
        topic_name,
        ResourcePatternType.LITERAL,
        f"User:{name}",
        "*",
        operation,
        AclPermissionType.ALLOW,
    )
    for made in admin.create_acls([rule]).values():
        made.result(DEADLINE_SECONDS)


async def test_a_batch_longer_than_the_session_timeout_keeps_its_partitions(bus: KafkaBus, connect: Connect) -> None:
    await bus.produce(numbered(range(100)))
    slow = await bus.subscribe("g", [TOPIC])
    held = await receive(slow, 100)
    other = await connect().subscribe("g", [TOPIC])
    assert list(await other.fetch(100, timeout=4.0)) == []
    await slow.commit(held)
    assert await bus.committed("g", [TOPIC]) == await bus.end_offsets([TOPIC])


@pytest.mark.parametrize("limit", ["rebalance_timeout", "longest_batch"])
async def test_a_batch_that_takes_too_long_is_abandoned_as_a_whole(connect: Connect, bus: KafkaBus, limit: str) -> None:
    await bus.produce(numbered(range(100)))
    slow = await connect(**{limit: 2.0}).subscribe("g", [TOPIC])
    held = await receive(slow, 100)
    other = await connect(**{limit: 2.0}).subscribe("g", [TOPIC])
    inherited = await receive(other, 100)
    assert set(inherited) == set(held)
    with pytest.raises(Fenced):
        await slow.commit(held)
    assert not any((await bus.committed("g", [TOPIC])).values())
    await other.commit(inherited)
    await bus.produce(numbered(range(100, 200)))
    got = await consume([slow, other], 100)
    assert delivered_twice(got) == []


async def test_nothing_is_lost_when_the_broker_freezes(broker: Broker, bus: KafkaBus, connect: Connect) -> None:
    impatient = connect(request_timeout=1.0)
    subscription = await impatient.subscribe("g", [TOPIC])
    await impatient.produce(numbered(range(40)))
    await subscription.commit(await receive(subscription, 40))
    broker.pause()
    try:
        with pytest.raises(BusError, match=r"cannot produce at .*: no answer in time"):
            await impatient.produce(numbered(range(40, 80)))
    finally:
        broker.unpause()
    await _until_done(lambda: impatient.produce(numbered(range(40, 120))))
    assert await _received(subscription, range(40, 120))


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


async def test_a_broker_that_is_not_there_is_an_error_in_bounded_time(broker: Broker, connect: Connect) -> None:
    nowhere = connect(bootstrap=broker.proxy, request_timeout=1.0)
    async with asyncio.timeout(DEADLINE_SECONDS):
        for call in (nowhere.create_topics([topic()]), nowhere.produce(numbered([1])), nowhere.read(TOPIC)):
            with pytest.raises(BusError, match=f"cannot connect at {broker.proxy}: "):
                await call


async def _received(subscription: KafkaSubscription, wanted: Iterable[int]) -> bool:
    """Whether each of the numbers comes, once or more often, in a while."""
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
