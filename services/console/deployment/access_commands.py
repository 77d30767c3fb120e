"""The contract's topics and access rules as commands of Kafka's own tools, for the operators of an existing cluster."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby

from contracts.access import RULES, Resource, Rule
from contracts.topics import TOPICS

CONNECTION = '--bootstrap-server "$BOOTSTRAP" --command-config admin.properties'


def commands(prefix: str, replication_factor: int) -> Iterator[str]:
    """`kafka-topics.sh` for each topic, then `kafka-acls.sh` for each principal and what it may use."""
    copies = f" --replication-factor {replication_factor}" if replication_factor > 0 else ""
    for topic in TOPICS:
        yield (
            f"kafka-topics.sh {CONNECTION} --create --if-not-exists --topic {shlex.quote(prefix + topic.name)}"
            f" --partitions {topic.partitions}{copies}"
            f" --config retention.ms={int(topic.retention.total_seconds() * 1000)}"
        )
    for _, rules in groupby(RULES, key=lambda rule: (rule.principal, rule.resource, rule.name)):
        yield _allowing(prefix, list(rules))


def _allowing(prefix: str, rules: Sequence[Rule]) -> str:
    rule = rules[0]
    operations = " ".join(f"--operation {each.operation}" for each in rules)
    on = "" if rule.resource is Resource.CLUSTER else f" {shlex.quote(rule.name_on(prefix))}"
    return (
        f"kafka-acls.sh {CONNECTION} --add --allow-principal {shlex.quote(f'User:{prefix}{rule.principal}')}"
        f" {operations} --{rule.resource.lower()}{on}"
    )
