"""Access rules of the bus: what each principal may do, and why. Made from the topics; whatever is not here is denied.

Names are the contract's own, without a stack's prefix: whoever sets the rules puts it before topics and groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from contracts import topics
from contracts.topics import Topic
from contracts.vocabulary import Agent


class Operation(StrEnum):
    """What may be done. Kafka's words."""

    READ = "Read"
    WRITE = "Write"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"


class Resource(StrEnum):
    """What it may be done to. Kafka's words."""

    TOPIC = "Topic"
    GROUP = "Group"


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """`principal` may do `operation` to the topic or consumer group called `name`."""

    principal: str
    resource: Resource
    name: str
    operation: Operation
    reason: str


def rules_of(principal: str) -> tuple[Rule, ...]:
    """All that a principal may do, in the order of the topics."""
    return tuple(_on_topics(principal)) + tuple(_on_groups(principal))


def _on_topics(principal: str) -> Iterator[Rule]:
    for topic in topics.TOPICS:
        reasons = _reasons(principal, topic)
        if reasons.keys() & {Operation.READ, Operation.WRITE}:
            reasons.setdefault(Operation.DESCRIBE, "sees partitions and how far the log goes")
            reasons[Operation.DESCRIBE_CONFIGS] = "checks partitions and retention when it starts"
        for operation, reason in reasons.items():
            yield Rule(principal, Resource.TOPIC, topic.name, operation, reason)


def _reasons(principal: str, topic: Topic) -> dict[Operation, str]:
    """Why a principal needs anything of a topic; empty where it does not."""
    reasons: dict[Operation, str] = {}
    if topic.owner == principal:
        reasons[Operation.WRITE] = "owns the topic"
    if principal in topic.readers:
        reasons[Operation.READ] = "its own timers" if topic.private else "is told what happens there"
    if principal == topics.CONSOLE:
        if topic.name == topics.CLOCK.name:
            reasons[Operation.READ] = "goes on from the time it announced last"
        reasons[Operation.DESCRIBE] = "moves the clock only once nothing is under way on any topic"
    return reasons


def _on_groups(principal: str) -> Iterator[Rule]:
    if any(topics.readable_by(principal)):
        yield Rule(principal, Resource.GROUP, principal, Operation.READ, "its replicas share the partitions")
        yield Rule(principal, Resource.GROUP, principal, Operation.DESCRIBE, "tells how far it has read")


RULES: tuple[Rule, ...] = tuple(rule for principal in topics.PRINCIPALS for rule in rules_of(principal))

LOAD_TEST = "load_test"
"""Who puts receipts onto a test stack in the provider's name. Nobody has these rights unless they are asked for."""


def _of_load_tests() -> Iterator[Rule]:
    receipts = topics.RECEIPTS
    between = [t for a in Agent for t in (topics.authorization_results(a), topics.proxy_payments(a))]
    rights = [(receipts, Operation.WRITE, "puts receipts onto it")]
    for topic in (receipts, *between):
        rights.append((topic, Operation.READ, "sees how far each payment is"))
        rights.append((topic, Operation.DESCRIBE, "begins where the log ends"))
    for topic, operation, reason in rights:
        yield Rule(LOAD_TEST, Resource.TOPIC, topic.name, operation, reason)
    yield Rule(LOAD_TEST, Resource.GROUP, topics.WARD, Operation.DESCRIBE, "sees what the ward has registered")


LOAD_TEST_RULES: tuple[Rule, ...] = tuple(_of_load_tests())
