"""The Kafka adapter beyond the port: other clients, names on the wire, rights, timeouts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from aiokafka.record.util import calc_crc32c
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import BusError, Fenced, Record, RefusedUser, TopicPartition
from testbed.broker import Broker
from tests.conformance.consuming import (
    DEADLINE_SECONDS,
    TOPIC,
    by_key,
    consume,
    delivered_twice,
    numbered,
    receive,
    topic,
)
from tests.conformance.kafka.conftest import Connect, make_user

pytestmark = pytest.mark.stack
CRC = slice(17, 21)
"""Where a batch has its checksum, over all that comes behind it."""


@pytest.fixture
def admin(broker: Broker) -> AdminClient:
    return AdminClient({"bootstrap.servers": broker.plain})


def produce_as_another(broker: Broker, *records: dict[str, Any], **config: str) -> None:
    """Produce with librdkafka, the client of many other languages."""
    producer = Producer({"bootstrap.servers": broker.plain, **config})
    for record in records:
        producer.produce(**record)
    assert producer.flush(DEADLINE_SECONDS) == 0


def renamed(build: Callable[[], bytearray]) -> bytearray:
    """The batch, with a name that is not UTF-8 in place of the header `xx`: no client makes one."""
    raw = bytearray(build().replace(b"\x04xx", b"\x04\xff\xc3"))
    raw[CRC] = calc_crc32c(bytes(raw[CRC.stop :])).to_bytes(4, "big")
    return raw


async def test_a_header_whose_name_is_not_utf_8_is_delivered_with_what_comes_around_it(
    options: KafkaOptions, bus: KafkaBus
) -> None:
    """aiokafka itself raises at such a name, whenever it is fetched."""
    producer = await bus._sending()
    for names in (("a", "b"), ("ce_id", "xx", "納"), ("c",)):
        batch = producer.batch()
        for name in names:
            batch.append(
                timestamp=None, key=b"k", value=f"is {name}".encode(), headers=[(name, b"\xff"), ("other", None)]
            )
        batch._build = partial(renamed, batch._build)
        await producer.send([(TopicPartition(options.prefix + TOPIC, 0), batch)])
    sent = [f"is {name}" for name in ("a", "b", "ce_id", "xx", "納", "c")]
    read = await bus.read(TOPIC)
    received = await receive(await bus.subscribe("g", [TOPIC]), 6)
    for messages in (read, received):
        assert [m.value.decode() for m in messages] == sent
        assert [m.headers[0][0] for m in messages] == ["a", "b", "ce_id", "\ufffd\ufffd", "納", "c"]
        assert {(m.headers[0][1], m.headers[1]) for m in messages} == {(b"\xff", ("other", b""))}


async def test_a_key_has_the_partition_that_javas_clients_give_it(
    broker: Broker, options: KafkaOptions, bus: KafkaBus
) -> None:
    """librdkafka hashes with CRC-32 by default; `murmur2_random` is what Java's clients use."""
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
    with pytest.raises(BusError, match=r"too large: the limit is 1048576"):
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
    make_user(admin, "somebody", "right", _with_users(broker))
    stranger = connect(
        bootstrap=broker.scram, security_protocol="SASL_PLAINTEXT", username="somebody", password="mistaken"
    )
    with pytest.raises(RefusedUser, match=r"cannot connect at .*[Aa]uthentication") as refused:
        await stranger.end_offsets([TOPIC])
    assert "mistaken" not in str(refused.value)


async def test_a_client_that_may_not_make_topics_is_referred_to_the_provisioning(
    broker: Broker, admin: AdminClient, options: KafkaOptions, bus: KafkaBus, connect: Connect
) -> None:
    name = f"{options.prefix}reader"
    make_user(admin, name, "secret", _with_users(broker))
    _allow(admin, name, options.prefix + TOPIC, AclOperation.DESCRIBE)
    reader = connect(bootstrap=broker.scram, security_protocol="SASL_PLAINTEXT", username=name, password="secret")
    await reader.create_topics([topic(retention_seconds=5.0)])  # it may not read the retention
    with pytest.raises(BusError, match=r"partitions=4.* wanted .*partitions=3"):
        await reader.create_topics([topic(partitions=3)])
    with pytest.raises(
        BusError, match=r"another is missing and this principal may not create it; run the provisioning"
    ):
        await reader.create_topics([topic("another")])


def _with_users(broker: Broker) -> dict[str, str]:
    return {"bootstrap.servers": broker.scram, "security.protocol": "SASL_PLAINTEXT"}


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


async def test_a_broker_that_is_not_there_is_an_error_in_bounded_time(broker: Broker, connect: Connect) -> None:
    nowhere = connect(bootstrap=broker.proxy, request_timeout=1.0)
    async with asyncio.timeout(DEADLINE_SECONDS):
        for call in (nowhere.create_topics([topic()]), nowhere.produce(numbered([1])), nowhere.read(TOPIC)):
            with pytest.raises(BusError, match=f"cannot connect at {broker.proxy}: "):
                await call
