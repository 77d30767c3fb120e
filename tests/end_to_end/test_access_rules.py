"""Access rules on a real broker: each principal may do what the contract says, and is refused everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from contracts.access import RULES, Operation, Resource, Rule
from contracts.topics import (
    CLOCK,
    CONSOLE,
    PAYMENT_PROVIDER,
    PRINCIPALS,
    TOPICS,
    WARD,
    authorization_requests,
    card_agent,
    timers,
)
from contracts.vocabulary import Agent
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import Record
from services.chassis.clock import monotonic
from services.chassis.identity import random_token
from services.chassis.service import topic_specs
from services.console.deployment.provisioning import CannotProvision, Cluster, Provisioned
from testbed.broker import Broker

pytestmark = pytest.mark.stack

PATIENCE_SECONDS = 30.0
STRANGER = "stranger"
NAMES = [topic.name for topic in TOPICS]
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Provisioning:
    """A topic prefix on a broker, provisioned for the principals and for a user without rights."""

    broker: Broker
    prefix: str
    passwords: dict[str, str]

    @property
    def cluster(self) -> Cluster:
        return Cluster(KafkaOptions(self.broker.plain, prefix=self.prefix))

    def again(self, rules: Sequence[Rule] = RULES) -> Provisioned:
        return self.cluster.provision(self.passwords, rules)

    def options(self, principal: str) -> KafkaOptions:
        """As this principal, by password."""
        return KafkaOptions(
            self.broker.scram,
            security_protocol="SASL_PLAINTEXT",
            username=self.prefix + principal,
            password=self.passwords[principal],
            prefix=self.prefix,
        )

    def client(self, principal: str, **more: object) -> dict[str, object]:
        """As this principal, for librdkafka."""
        options = self.options(principal)
        return {
            "bootstrap.servers": options.bootstrap,
            "security.protocol": options.security_protocol,
            "sasl.mechanism": options.sasl_mechanism,
            "sasl.username": options.username,
            "sasl.password": options.password,
            "log_level": 0,
            **more,
        }


@pytest.fixture(scope="module")
def provisioned(broker: Broker) -> Provisioning:
    made = Provisioning(broker, f"{random_token()[:8]}.", {name: random_token() for name in (*PRINCIPALS, STRANGER)})
    made.again()
    everything = Producer({"bootstrap.servers": broker.plain})
    for name in NAMES:
        everything.produce(made.prefix + name, b"{}", partition=0)
    assert everything.flush(PATIENCE_SECONDS) == 0
    return made


def allowed(principal: str, operation: Operation) -> set[str]:
    """The topics on which the rules allow the operation."""
    rules = (rule for rule in RULES if rule.resource is Resource.TOPIC)
    return {rule.name for rule in rules if (rule.principal, rule.operation) == (principal, operation)}


@pytest.mark.parametrize("principal", [*PRINCIPALS, STRANGER])
def test_a_principal_writes_its_own_topics_and_no_other(provisioned: Provisioning, principal: str) -> None:
    assert written(provisioned, principal, NAMES) == allowed(principal, Operation.WRITE)


@pytest.mark.parametrize("principal", [*PRINCIPALS, STRANGER])
def test_a_principal_reads_what_is_for_it_and_nothing_else(provisioned: Provisioning, principal: str) -> None:
    assert readable(provisioned, principal, NAMES) == allowed(principal, Operation.READ)


@pytest.mark.parametrize(
    ("principal", "agent"),
    [(WARD, Agent.JCB), (WARD, Agent.UC), (card_agent(Agent.JCB), Agent.UC), (card_agent(Agent.UC), Agent.JCB)],
)
def test_authorization_requests_are_read_by_their_agent_alone(
    provisioned: Provisioning, principal: str, agent: Agent
) -> None:
    requests = authorization_requests(agent).name
    assert readable(provisioned, principal, [requests]) == set()
    assert readable(provisioned, card_agent(agent), [requests]) == {requests}


def test_a_principal_cannot_join_anothers_group(provisioned: Provisioning) -> None:
    """A member that may not read would still take partitions from the group."""
    assert joining(provisioned, WARD, group=PAYMENT_PROVIDER) == "GROUP_AUTHORIZATION_FAILED"
    assert joining(provisioned, WARD, group=WARD) == "joined"


def test_a_principal_can_neither_make_nor_delete_a_topic(provisioned: Provisioning) -> None:
    admin = AdminClient(provisioned.client(PAYMENT_PROVIDER))
    for futures in (
        admin.create_topics([NewTopic(f"{provisioned.prefix}ward.more", 1, 1)]),
        admin.delete_topics([provisioned.prefix + "payment_provider.receipts"]),
    ):
        for future in futures.values():
            with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
                future.result(PATIENCE_SECONDS)


def test_a_wrong_password_is_refused(provisioned: Provisioning) -> None:
    wrong = replace(provisioned, passwords={**provisioned.passwords, WARD: "wrong"})
    heard: list[KafkaError] = []
    consumer = Consumer(wrong.client(WARD, **{"group.id": WARD, "error_cb": heard.append}))
    try:
        asked(lambda: consumer.poll(0.2), until=lambda _: any(e.name() == "_AUTHENTICATION" for e in heard))
    finally:
        consumer.close()


@pytest.mark.parametrize("principal", PRINCIPALS)
async def test_our_own_bus_needs_no_more_than_these_rights(provisioned: Provisioning, principal: str) -> None:
    bus = KafkaBus(provisioned.options(principal))
    try:
        await bus.create_topics(topic_specs(principal))
        if principal == CONSOLE:
            await bus.produce([Record(CLOCK.name, "clock", b"{}", ())])
            assert len(await bus.read(CLOCK.name)) >= 1
            assert {place.topic for place in await bus.end_offsets(NAMES)} == set(NAMES)
        else:
            own = timers(principal).name
            await bus.produce([Record(own, "subject", b"{}", ())])
            subscription = await bus.subscribe(principal, sorted(allowed(principal, Operation.READ) - {CLOCK.name}))
            messages = await subscription.fetch(100, timeout=PATIENCE_SECONDS)
            await subscription.commit(messages)
            assert sum((await bus.committed(principal, [m.topic for m in messages])).values()) > 0
            await subscription.close()
    finally:
        await bus.close()


def test_provisioning_again_changes_nothing(provisioned: Provisioning) -> None:
    again = provisioned.again()
    assert (again.topics_made, again.rules_made, again.rules_removed, again.differences) == ([], [], [], [])


def test_a_right_that_the_rules_no_longer_give_is_withdrawn(provisioned: Provisioning) -> None:
    requests = authorization_requests(Agent.UC).name
    beyond = Rule(WARD, Resource.TOPIC, requests, Operation.READ, "once")
    provisioned.again([*RULES, beyond])
    asked(lambda: readable(provisioned, WARD, [requests]), until=lambda found: found == {requests})

    withdrawn = provisioned.again()

    assert withdrawn.rules_removed == [f"User:{provisioned.prefix}ward read topic {provisioned.prefix}{requests}"]
    asked(lambda: readable(provisioned, WARD, [requests]), until=lambda found: found == set())


def test_a_stack_under_another_prefix_is_a_stranger(provisioned: Provisioning, topic_prefix: str) -> None:
    other = Provisioning(provisioned.broker, topic_prefix, {name: random_token() for name in PRINCIPALS})
    assert len(other.again().topics_made) == len(TOPICS)
    assert provisioned.again().rules_removed == []

    as_other = other.client(PAYMENT_PROVIDER)
    theirs = f"{provisioned.prefix}payment_provider.receipts"
    assert is_hidden(Consumer({**as_other, "group.id": PAYMENT_PROVIDER}), theirs)


def test_a_topic_that_exists_with_other_settings_is_reported_and_left_alone(broker: Broker, topic_prefix: str) -> None:
    name = f"{topic_prefix}payment_provider.receipts"
    admin = AdminClient({"bootstrap.servers": broker.plain})
    for future in admin.create_topics([NewTopic(name, 2, 1, config={"retention.ms": "1000"})]).values():
        future.result(PATIENCE_SECONDS)

    done = Provisioning(broker, topic_prefix, {}).again()

    assert done.differences == [
        f"topic {name} has partitions 2, the contract says 4",
        f"topic {name} has retention.ms 1000, the contract says 604800000",
    ]
    assert len(admin.list_topics(name, timeout=PATIENCE_SECONDS).topics[name].partitions) == 2


def written(stack: Provisioning, principal: str, names: Sequence[str]) -> set[str]:
    """Those of these topics on which the broker accepts a record of this principal."""
    outcomes: dict[str, str] = {}
    producer = Producer(stack.client(principal, **{"message.timeout.ms": 10_000}))
    for name in names:
        producer.produce(
            stack.prefix + name,
            b"{}",
            partition=0,
            on_delivery=lambda error, message: outcomes.update(
                {message.topic(): error.name() if error else "accepted"}
            ),
        )
    assert producer.flush(PATIENCE_SECONDS) == 0
    assert set(outcomes.values()) <= {"accepted", "TOPIC_AUTHORIZATION_FAILED"}
    return {name.removeprefix(stack.prefix) for name, outcome in outcomes.items() if outcome == "accepted"}


def readable(stack: Provisioning, principal: str, names: Sequence[str]) -> set[str]:
    """Those of these topics from which this principal receives a record; it must be refused all others."""
    given: set[str] = set()
    with consuming(stack, principal) as consumer:
        refused = {name for name in names if is_hidden(consumer, stack.prefix + name)}
        consumer.assign([TopicPartition(stack.prefix + name, 0, 0) for name in names if name not in refused])
        deadline = monotonic() + PATIENCE_SECONDS
        while given | refused != set(names):
            assert monotonic() < deadline, f"neither given nor refused: {set(names) - given - refused}"
            message = consumer.poll(0.2)
            if message is None or message.topic() is None:
                continue
            name = message.topic().removeprefix(stack.prefix)
            if message.error() is None:
                given.add(name)
            elif message.error().name() == "TOPIC_AUTHORIZATION_FAILED":
                refused.add(name)
    return given


def is_hidden(consumer: Consumer, topic: str) -> bool:
    """Whether the broker does not even describe the topic, as it does for its readers."""
    error = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic].error
    return error is not None and error.name() == "TOPIC_AUTHORIZATION_FAILED"


def joining(stack: Provisioning, principal: str, group: str) -> str:
    """`joined`, or the name of the error that the broker answers."""
    outcome: list[str] = []
    with consuming(stack, principal, group) as consumer:
        consumer.subscribe([f"{stack.prefix}payment_provider.receipts"], on_assign=lambda *_: outcome.append("joined"))

        def heard() -> list[str]:
            message = consumer.poll(0.2)
            if message is not None and message.error() is not None:
                outcome.append(message.error().name())
            return outcome

        return asked(heard, until=bool)[0]


@contextmanager
def consuming(stack: Provisioning, principal: str, group: str | None = None) -> Iterator[Consumer]:
    own = {"group.id": stack.prefix + (group or principal), "enable.auto.commit": False, "enable.partition.eof": False}
    consumer = Consumer(stack.client(principal, **own))
    try:
        yield consumer
    finally:
        consumer.close()


def asked(question: Callable[[], Answer], until: Callable[[Answer], bool]) -> Answer:
    """Poll until an answer satisfies; each request has a timeout."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not until(answer := question()):
        assert monotonic() < deadline, f"still {answer!r} after {PATIENCE_SECONDS:.0f} s"
    return answer


def test_a_right_that_the_contract_gives_to_nobody_is_found(provisioned: Provisioning) -> None:
    assert provisioned.cluster.foreign_rights() == []
    admin = AdminClient({"bootstrap.servers": provisioned.broker.plain})
    for principal, resource, pattern, name in (
        (STRANGER, ResourceType.TOPIC, ResourcePatternType.LITERAL, f"{provisioned.prefix}payment_provider.receipts"),
        (STRANGER, ResourceType.TOPIC, ResourcePatternType.PREFIXED, f"{provisioned.prefix}ward."),
    ):
        user = f"User:{provisioned.prefix}{principal}"
        right = AclBinding(resource, name, pattern, user, "*", AclOperation.READ, AclPermissionType.ALLOW)
        for future in admin.create_acls([right]).values():
            future.result(PATIENCE_SECONDS)
        try:
            found = patiently(provisioned.cluster.foreign_rights)
            assert found == [f"{user} read topic {name}"]
        finally:
            only = AclBindingFilter(resource, name, pattern, user, "*", AclOperation.READ, AclPermissionType.ALLOW)
            for gone in admin.delete_acls([only]).values():
                gone.result(PATIENCE_SECONDS)


def patiently(ask: Callable[[], Sequence[str]]) -> Sequence[str]:
    """The first answer that is not empty: the broker applies rules a moment after the controller's answer."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not (found := ask()):
        assert monotonic() < deadline, "the right never showed"
    return found


def test_the_console_sees_who_has_which_right_and_no_party_does(provisioned: Provisioning) -> None:
    assert Cluster(provisioned.options(CONSOLE)).foreign_rights() == []
    with pytest.raises(CannotProvision, match=r"shows 0 of the contract's \d+ rules|refuses"):
        Cluster(provisioned.options(WARD)).foreign_rights()
