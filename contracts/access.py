"""Access rules of the bus: what each principal may do, and why. Derived from the topics; anything else is denied.

Names have no stack prefix: the code that applies the rules adds it to topics and groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from contracts import topics
from contracts.topics import Topic
from contracts.vocabulary import Agent


class Operation(StrEnum):
    """Kafka's names of operations."""

    READ = "Read"
    WRITE = "Write"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"


class Resource(StrEnum):
    """Kafka's names of resource types."""

    TOPIC = "Topic"
    GROUP = "Group"
    CLUSTER = "Cluster"


CLUSTER: Final = "kafka-cluster"
"""Kafka's name of the cluster itself."""


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """`principal` may do `operation` to the topic or consumer group called `name`, or to the cluster."""

    principal: str
    resource: Resource
    name: str
    operation: Operation
    reason: str

    def name_on(self, prefix: str) -> str:
        """The name on a cluster that stacks share, which the prefix of one of them tells apart."""
        return self.name if self.resource is Resource.CLUSTER else prefix + self.name


def rules_of(principal: str) -> tuple[Rule, ...]:
    """Every rule of a principal, in the order of the topics."""
    return (*_on_topics(principal), *_on_groups(principal), *_on_cluster(principal))


def _on_topics(principal: str) -> Iterator[Rule]:
    for topic in topics.TOPICS:
        reasons = _reasons(principal, topic)
        if reasons.keys() & {Operation.READ, Operation.WRITE}:
            reasons.setdefault(Operation.DESCRIBE, "reads partitions and end offsets")
            reasons[Operation.DESCRIBE_CONFIGS] = "checks partitions and retention when it starts"
        for operation, reason in reasons.items():
            yield Rule(principal, Resource.TOPIC, topic.name, operation, reason)


def _reasons(principal: str, topic: Topic) -> dict[Operation, str]:
    """The operations that a principal needs on a topic, with reasons; empty if it needs none."""
    reasons: dict[Operation, str] = {}
    if topic.owner == principal:
        reasons[Operation.WRITE] = "owns the topic"
    if principal in topic.readers:
        reasons[Operation.READ] = "its own timers" if topic.private else "handles its events"
    if principal == topics.CONSOLE:
        if topic.name == topics.CLOCK.name:
            reasons[Operation.READ] = "resumes from the time it announced last"
        reasons[Operation.DESCRIBE] = "moves the clock only when no topic has unhandled events"
    return reasons


def _on_groups(principal: str) -> Iterator[Rule]:
    if any(topics.readable_by(principal)):
        yield Rule(principal, Resource.GROUP, principal, Operation.READ, "its replicas share the partitions")
        yield Rule(principal, Resource.GROUP, principal, Operation.DESCRIBE, "reports how far it has read")


def _on_cluster(principal: str) -> Iterator[Rule]:
    if principal == topics.CONSOLE:
        yield Rule(principal, Resource.CLUSTER, CLUSTER, Operation.DESCRIBE, "shows an auditor who may do what")


RULES: tuple[Rule, ...] = tuple(rule for principal in topics.PRINCIPALS for rule in rules_of(principal))

LOAD_TEST = "load_test"
"""Publishes receipts on a test stack in the provider's name. Its rules are set only on request."""


def _of_load_tests() -> Iterator[Rule]:
    receipts = topics.RECEIPTS
    between = [t for a in Agent for t in (topics.authorization_results(a), topics.proxy_payments(a))]
    rights = [(receipts, Operation.WRITE, "publishes receipts")]
    for topic in (receipts, *between):
        rights.append((topic, Operation.READ, "follows each payment"))
        rights.append((topic, Operation.DESCRIBE, "starts reading at the end of the log"))
    for topic, operation, reason in rights:
        yield Rule(LOAD_TEST, Resource.TOPIC, topic.name, operation, reason)
    yield Rule(LOAD_TEST, Resource.GROUP, topics.WARD, Operation.DESCRIBE, "reads how far the ward has read")


LOAD_TEST_RULES: tuple[Rule, ...] = tuple(_of_load_tests())
