"""A connection to Kafka itself, instead of one to each adapter in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from testbed.broker import Broker
from tests.conformance.consuming import DEADLINE_SECONDS, topic

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


def make_user(admin: AdminClient, name: str, password: str, listener: Mapping[str, str]) -> None:
    """Create a user of SCRAM-SHA-512, and wait until the listener (given as librdkafka's settings) accepts it.

    The broker reports a user as created before every part of it knows that user.
    """
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    made = admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, credential, password.encode())])
    made[name].result(DEADLINE_SECONDS)
    login = {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": name, "sasl.password": password, "log_level": 0}
    AdminClient({**listener, **login}).list_topics(timeout=DEADLINE_SECONDS)
