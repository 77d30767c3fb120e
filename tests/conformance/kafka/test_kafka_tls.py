"""A cluster reached over TLS: clients that trust its certificate, and present their own or a password."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
import trustme
from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions, SaslMechanism
from services.chassis.bus.port import BusError, RefusedUser
from testbed.broker import SECONDS_TO_ANSWER, free_ports
from testbed.docker_engine import KAFKA_IMAGE
from tests.conformance.consuming import TOPIC, numbered, numbers, receive, topic
from tests.conformance.kafka.conftest import make_user

pytestmark = pytest.mark.stack

HOST: Final = "127.0.0.1"
PLAIN_LOGIN: Final = "org.apache.kafka.common.security.plain.PlainLoginModule"
SCRAM_LOGIN: Final = "org.apache.kafka.common.security.scram.ScramLoginModule"
USER, PASSWORD = "city", "a secret"
BY_PLAIN, BY_SCRAM = f"{USER}.plain", f"{USER}.scram"

Connect = Callable[..., KafkaBus]
"""Options of one connection → the bus, closed after the test."""


@dataclass(frozen=True)
class Listeners:
    """`host:port` of each; the certificate of all is for `127.0.0.1`, signed by `ca`."""

    ca: trustme.CA
    plaintext: str
    tls: str
    mutual: str
    """Requires a client certificate signed by `ca`."""
    users: str
    """Requires a user and a password, by PLAIN or SCRAM-SHA-512."""


@pytest.fixture(scope="module")
def listeners() -> Iterator[Listeners]:
    ca, (plaintext, tls, mutual, users) = trustme.CA(), free_ports(4)
    ports = {"PLAINTEXT": plaintext, "TLS": tls, "MUTUAL": mutual, "USERS": users}
    container = DockerContainer(KAFKA_IMAGE, env=_settings(ports, ca))
    container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(SECONDS_TO_ANSWER))
    for port in ports.values():
        container.with_bind_ports(port, port)
    with container:
        admin = AdminClient({"bootstrap.servers": f"{HOST}:{plaintext}", "log_level": 0})
        by_password = {"bootstrap.servers": f"{HOST}:{users}", "security.protocol": "SASL_SSL"}
        make_user(admin, BY_SCRAM, PASSWORD, {**by_password, "ssl.ca.pem": ca.cert_pem.bytes().decode()})
        yield Listeners(ca, *(f"{HOST}:{port}" for port in ports.values()))


def _settings(ports: dict[str, int], ca: trustme.CA) -> dict[str, str]:
    certificate = ca.issue_cert(HOST)
    chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
        "KAFKA_LISTENERS": ",".join(
            [*(f"{name}://:{port}" for name, port in ports.items()), "CONTROLLER://localhost:9093"]
        ),
        "KAFKA_ADVERTISED_LISTENERS": ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items()),
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": (
            "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,MUTUAL:SSL,USERS:SASL_SSL"
        ),
        "KAFKA_SSL_KEYSTORE_TYPE": "PEM",
        "KAFKA_SSL_KEYSTORE_KEY": _in_one_line(_pkcs8(certificate.private_key_pem.bytes())),
        "KAFKA_SSL_KEYSTORE_CERTIFICATE_CHAIN": _in_one_line(chain),
        "KAFKA_SSL_TRUSTSTORE_TYPE": "PEM",
        "KAFKA_SSL_TRUSTSTORE_CERTIFICATES": _in_one_line(ca.cert_pem.bytes()),
        "KAFKA_LISTENER_NAME_MUTUAL_SSL_CLIENT_AUTH": "required",
        "KAFKA_LISTENER_NAME_USERS_SASL_ENABLED_MECHANISMS": "PLAIN,SCRAM-SHA-512",
        "KAFKA_LISTENER_NAME_USERS_PLAIN_SASL_JAAS_CONFIG": f'{PLAIN_LOGIN} required user_{BY_PLAIN}="{PASSWORD}";',
        "KAFKA_LISTENER_NAME_USERS_SCRAM___SHA___512_SASL_JAAS_CONFIG": f"{SCRAM_LOGIN} required;",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_HEAP_OPTS": "-Xms128m -Xmx256m",
    }


def _pkcs8(key: bytes) -> bytes:
    """The form in which Kafka reads a key."""
    pem: bytes = load_pem_private_key(key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def _in_one_line(pem: bytes) -> str:
    return " ".join(pem.decode().splitlines())


@pytest.fixture
def ca_file(listeners: Listeners, tmp_path: Path) -> Path:
    return _written(listeners.ca.cert_pem, tmp_path / "ca.pem")


def _written(pem: trustme.Blob, path: Path) -> Path:
    pem.write_to_path(str(path))
    return path


@pytest_asyncio.fixture
async def connect(topic_prefix: str, ca_file: Path) -> AsyncIterator[Connect]:
    opened: list[KafkaBus] = []

    def open_another(bootstrap: str, **changed: Any) -> KafkaBus:
        values = {"security_protocol": "SSL", "ca_file": ca_file, "request_timeout": 10.0, **changed}
        opened.append(KafkaBus(KafkaOptions(bootstrap, prefix=topic_prefix, **values)))
        return opened[-1]

    yield open_another
    for bus in opened:
        await bus.close()


async def goes_through(bus: KafkaBus) -> bool:
    """Assert that administration, producing and a group work."""
    await bus.create_topics([topic()])
    await bus.produce(numbered(range(40)))
    subscription = await bus.subscribe("g", [TOPIC])
    received = await receive(subscription, 40)
    await subscription.commit(received)
    return sorted(numbers(received)) == list(range(40)) and sum((await bus.committed("g", [TOPIC])).values()) == 40


def own_certificate(ca: trustme.CA, folder: Path) -> dict[str, Path]:
    """Options of a client that presents a certificate signed by this authority."""
    issued = ca.issue_cert("ward@city.example")
    return {
        "certificate_file": _written(issued.cert_chain_pems[0], folder / "client.pem"),
        "key_file": _written(issued.private_key_pem, folder / "client.key"),
    }


async def test_events_go_over_tls_to_a_broker_whose_authority_is_trusted(
    listeners: Listeners, connect: Connect
) -> None:
    assert await goes_through(connect(listeners.tls))


@pytest.mark.parametrize(("mechanism", "user"), [("PLAIN", BY_PLAIN), ("SCRAM-SHA-512", BY_SCRAM)])
async def test_events_go_over_tls_with_a_user_and_a_password(
    mechanism: SaslMechanism, user: str, listeners: Listeners, connect: Connect
) -> None:
    credentials = {"security_protocol": "SASL_SSL", "sasl_mechanism": mechanism, "username": user}
    assert await goes_through(connect(listeners.users, password=PASSWORD, **credentials))
    with pytest.raises(RefusedUser, match=r"cannot connect at .*[Aa]uthentication") as refused:
        await connect(listeners.users, password="mistaken", **credentials).end_offsets([TOPIC])
    assert "mistaken" not in str(refused.value)


async def test_events_go_over_tls_with_a_certificate_of_the_client(
    listeners: Listeners, connect: Connect, tmp_path: Path
) -> None:
    assert await goes_through(connect(listeners.mutual, **own_certificate(listeners.ca, tmp_path)))


async def is_refused(bus: KafkaBus, why: str) -> bool:
    """Assert that the first use raises an error of one line that says why."""
    with pytest.raises(BusError, match=why) as refused:
        await bus.end_offsets([TOPIC])
    return len(str(refused.value).splitlines()) == 1


async def test_a_client_without_a_certificate_is_told_that_it_needs_one(listeners: Listeners, connect: Connect) -> None:
    assert await is_refused(connect(listeners.mutual), r"cannot connect at .*certificate required")


async def test_a_client_s_certificate_of_a_stranger_is_refused(
    listeners: Listeners, connect: Connect, tmp_path: Path
) -> None:
    stranger = own_certificate(trustme.CA(), tmp_path)
    assert await is_refused(connect(listeners.mutual, **stranger), r"cannot connect at .*certificate unknown")


async def test_a_broker_whose_authority_is_not_trusted_is_refused(
    listeners: Listeners, connect: Connect, tmp_path: Path
) -> None:
    why = r"cannot connect at .*certificate verify failed"
    others = _written(trustme.CA().cert_pem, tmp_path / "other.pem")
    assert await is_refused(connect(listeners.tls, ca_file=others), why)
    assert await is_refused(connect(listeners.tls, ca_file=None), why)


async def test_a_broker_under_another_name_than_its_certificate_s_is_refused(
    listeners: Listeners, connect: Connect
) -> None:
    elsewhere = listeners.tls.replace(HOST, "localhost")
    assert await is_refused(connect(elsewhere), r"cannot connect at .*Hostname mismatch")


async def test_a_certificate_that_cannot_be_used_is_named(
    listeners: Listeners, connect: Connect, tmp_path: Path
) -> None:
    missing, own = tmp_path / "missing.pem", own_certificate(listeners.ca, tmp_path)
    why = r"the certificates for 127\.0\.0\.1:\d+ cannot be used: .*"
    assert await is_refused(connect(listeners.tls, ca_file=missing), rf"{why}{missing}")
    assert await is_refused(connect(listeners.mutual, **own | {"key_file": missing}), rf"{why}{missing}")
    others_key = _written(trustme.CA().issue_cert(HOST).private_key_pem, tmp_path / "others.key")
    assert await is_refused(connect(listeners.mutual, **own | {"key_file": others_key}), rf"{why}key values mismatch")
