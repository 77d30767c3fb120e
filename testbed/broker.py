"""A Kafka broker in a container, configured like the one of the compose file: KRaft, access rules, no topic
auto-creation. On the plain listeners a client has no name (`User:ANONYMOUS`) and may do everything."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property

import docker
from confluent_kafka.admin import AdminClient
from docker.models.containers import Container
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from testbed import docker_engine
from testbed.docker_engine import KAFKA_IMAGE

SECONDS_TO_ANSWER = 60


@dataclass(frozen=True)
class Broker:
    """A running broker. Addresses are `host:port` and stay the same over a restart."""

    container_id: str
    plain: str
    """As a super user."""
    scram: str
    """SASL_PLAINTEXT with SCRAM-SHA-512: users and their rights are made by an admin on `plain`."""
    proxied: str
    """Advertises `proxy`: a client that starts at a proxy on that port goes on through it."""
    proxy: str
    """Free, until a test lets a proxy to `proxied` listen there."""

    @cached_property
    def container(self) -> Container:
        return docker.from_env().containers.get(self.container_id)

    def wait_until_it_answers(self) -> None:
        AdminClient({"bootstrap.servers": self.plain, "log_level": 0}).list_topics(timeout=SECONDS_TO_ANSWER)

    def restart(self) -> None:
        """A clean stop and start; returns once it answers again."""
        self.container.stop(timeout=SECONDS_TO_ANSWER)
        self.start()

    def kill(self) -> None:
        self.container.kill()

    def start(self) -> None:
        self.container.start()
        self.wait_until_it_answers()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Frozen: connections stay open, nothing is answered.

        By signal, since `docker pause` fails now and then while a process is busy (runc: "unable to freeze").
        """
        self.container.kill(signal="SIGSTOP")
        try:
            yield
        finally:
            self.container.kill(signal="SIGCONT")


@contextmanager
def running_broker(**settings: str) -> Iterator[Broker]:
    """A broker that answers, with these further settings (`KAFKA_…`); nothing of it is left afterwards."""
    ports = free_ports(5)
    with _configured(ports).with_envs(**settings) as container:
        addresses = (f"127.0.0.1:{port}" for port in ports[:4])
        broker = Broker(container.get_wrapped_container().id, *addresses)
        broker.wait_until_it_answers()
        yield broker


def _configured(ports: Sequence[int]) -> DockerContainer:
    plain, scram, proxied, proxy, controller = ports
    here = "127.0.0.1" if docker_engine.shares_the_network() else ""
    container = DockerContainer(
        KAFKA_IMAGE,
        env={
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@localhost:{controller}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_INTER_BROKER_LISTENER_NAME": "PLAINTEXT",
            "KAFKA_LISTENERS": (
                f"PLAINTEXT://{here}:{plain},SCRAM://{here}:{scram},PROXIED://{here}:{proxied},"
                f"CONTROLLER://localhost:{controller}"
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
    return reachable(container, plain, scram, proxied)


def reachable(container: DockerContainer, *ports: int) -> DockerContainer:
    """Makes the container reachable at these ports of 127.0.0.1, if possible without the engine's proxy, which takes a
    quarter of a processor."""
    if docker_engine.shares_the_network():
        container.ports.clear()  # nothing has to be published
        return container.with_kwargs(network_mode="host")
    for port in ports:
        container.with_bind_ports(port, port)
    return container


def free_ports(count: int) -> list[int]:
    """Different ports of this machine that were free a moment ago."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [found.getsockname()[1] for found in sockets]
