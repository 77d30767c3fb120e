"""One Kafka broker for the test run, configured like the one of the compose file: KRaft, access rules, no topic
auto-creation. Whoever comes without a name (`User:ANONYMOUS`, the plain listeners) may do everything."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from confluent_kafka.admin import AdminClient
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from services.chassis.identity import random_token

IMAGE = "apache/kafka:4.1.1"
CONTROLLER_PORT = 9093
SECONDS_TO_ANSWER = 60


@dataclass(frozen=True)
class Broker:
    """Addresses are `host:port` and stay the same over a restart."""

    container: DockerContainer
    plain: str
    """As a super user."""
    scram: str
    """SASL_PLAINTEXT with SCRAM-SHA-512: users and their rights are made by an admin on `plain`."""
    proxied: str
    """Advertises `proxy`: a client that starts at a proxy on that port goes on through it."""
    proxy: str
    """Where nobody listens, until a test puts a proxy to `proxied` there."""

    def wait_until_it_answers(self) -> None:
        AdminClient({"bootstrap.servers": self.plain, "log_level": 0}).list_topics(timeout=SECONDS_TO_ANSWER)

    def restart(self) -> None:
        """A clean stop and start; returns once it answers again."""
        self.stop()
        self.start()

    def stop(self) -> None:
        self.container.get_wrapped_container().stop(timeout=SECONDS_TO_ANSWER)

    def kill(self) -> None:
        self.container.get_wrapped_container().kill()

    def start(self) -> None:
        self.container.get_wrapped_container().start()
        self.wait_until_it_answers()

    def pause(self) -> None:
        """Freeze it: connections stay open, nothing answers."""
        self.container.get_wrapped_container().pause()

    def unpause(self) -> None:
        self.container.get_wrapped_container().unpause()

    def logs(self) -> str:
        return bytes(self.container.get_wrapped_container().logs()).decode()


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """Started when the first test asks for it."""
    with running_broker() as started:
        yield started


@contextmanager
def running_broker(**settings: str) -> Iterator[Broker]:
    """A broker that answers, with these further settings (`KAFKA_…`); nothing of it is left afterwards."""
    started = _configured(free_ports(4))
    with started.container.with_envs(**settings):
        started.wait_until_it_answers()
        yield started


@pytest.fixture
def topic_prefix() -> str:
    """What keeps a test's topics and groups apart from all others'."""
    return f"{random_token()[:8]}."


def _configured(ports: Sequence[int]) -> Broker:
    plain, scram, proxied, proxy = ports
    container = DockerContainer(
        IMAGE,
        env={
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@localhost:{CONTROLLER_PORT}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
            "KAFKA_LISTENERS": (
                f"PLAINTEXT://:{plain},SCRAM://:{scram},PROXIED://:{proxied},CONTROLLER://localhost:{CONTROLLER_PORT}"
            ),
            "KAFKA_ADVERTISED_LISTENERS": (
                f"PLAINTEXT://127.0.0.1:{plain},SCRAM://127.0.0.1:{scram},PROXIED://127.0.0.1:{proxy}"
            ),
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": (
                "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,SCRAM:SASL_PLAINTEXT"
            ),
            "KAFKA_SASL_ENABLED_MECHANISMS": "SCRAM-SHA-512",
            "KAFKA_LISTENER_NAME_SCRAM_SCRAM___SHA___512_SASL_JAAS_CONFIG": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "KAFKA_AUTHORIZER_CLASS_NAME": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "KAFKA_SUPER_USERS": "User:ANONYMOUS",
            "KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND": "false",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
            "KAFKA_HEAP_OPTS": "-Xms256m -Xmx384m",
        },
    ).waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(SECONDS_TO_ANSWER))
    for port in (plain, scram, proxied):
        container.with_bind_ports(port, port)
    return Broker(container, *(f"127.0.0.1:{port}" for port in ports))


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody has."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [found.getsockname()[1] for found in sockets]
