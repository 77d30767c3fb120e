"""Access rules: each principal may do what its part needs, for a stated reason, and nothing else."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.access import CLUSTER, LOAD_TEST, LOAD_TEST_RULES, RULES, Operation, Resource
from contracts.parties import PARTIES
from contracts.topics import (
    CLOCK,
    CONSOLE,
    PAYMENT_PROVIDER,
    PRINCIPALS,
    RECEIPTS,
    TOPICS,
    WARD,
    Topic,
    authorization_requests,
    card_agent,
    readable_by,
    timers,
)
from contracts.vocabulary import Agent
from services.console.deployment.access_commands import commands

OTHER = {Agent.JCB: Agent.UC, Agent.UC: Agent.JCB}
principals, any_topic = st.sampled_from(PRINCIPALS), st.sampled_from(TOPICS)


def may(principal: str, operation: Operation, name: str, resource: Resource = Resource.TOPIC) -> bool:
    """Whether the rules allow it."""
    asked = (principal, operation, resource, name)
    return asked in {(rule.principal, rule.operation, rule.resource, rule.name) for rule in RULES}


@given(principals, any_topic)
def test_only_its_owner_writes_a_topic(principal: str, topic: Topic) -> None:
    assert may(principal, Operation.WRITE, topic.name) == (principal == topic.owner)


@given(principals, any_topic)
def test_only_its_readers_read_a_topic_and_the_console_the_clock(principal: str, topic: Topic) -> None:
    reads = principal in topic.readers or (principal == CONSOLE and topic is CLOCK)
    assert may(principal, Operation.READ, topic.name) == reads


@given(principals, principals)
def test_a_party_joins_its_own_group_and_no_others(principal: str, group: str) -> None:
    joins = principal == group != CONSOLE
    assert may(principal, Operation.READ, group, Resource.GROUP) == joins
    assert may(principal, Operation.DESCRIBE, group, Resource.GROUP) == joins


@given(principals)
def test_the_console_alone_may_see_who_has_which_right(principal: str) -> None:
    assert may(principal, Operation.DESCRIBE, CLUSTER, Resource.CLUSTER) == (principal == CONSOLE)
    assert [rule.operation for rule in RULES if rule.resource is Resource.CLUSTER] == [Operation.DESCRIBE]
    assert sum(command.endswith("--operation Describe --cluster") for command in commands("one.", 3)) == 1


@given(principals, any_topic)
def test_only_readers_and_writers_of_a_topic_may_read_its_settings(principal: str, topic: Topic) -> None:
    uses = any(may(principal, operation, topic.name) for operation in (Operation.READ, Operation.WRITE))
    assert may(principal, Operation.DESCRIBE_CONFIGS, topic.name) == uses
    assert may(principal, Operation.DESCRIBE, topic.name) == (uses or principal == CONSOLE)


@pytest.mark.parametrize("agent", Agent)
def test_the_ward_reads_no_authorization_request(agent: Agent) -> None:
    assert [rule for rule in RULES if rule.name == authorization_requests(agent).name and rule.principal == WARD] == []


@pytest.mark.parametrize("agent", Agent)
def test_an_agent_has_no_right_on_anything_of_the_other(agent: Agent) -> None:
    others = f".{OTHER[agent]}"
    assert [r for r in RULES if r.principal == card_agent(agent) and others in f".{r.name}"] == []


def test_the_console_reads_no_partys_words() -> None:
    read = {rule.name for rule in RULES if rule.principal == CONSOLE and rule.operation is Operation.READ}
    assert read == {CLOCK.name}


@pytest.mark.parametrize("principal", PARTIES)
def test_a_party_may_read_all_that_it_subscribes_to_and_its_own_timers(principal: str) -> None:
    wanted = {*readable_by(principal), CLOCK, timers(principal)}
    assert [topic.name for topic in wanted if not may(principal, Operation.READ, topic.name)] == []


def test_every_rule_has_a_reason_and_is_there_once() -> None:
    assert [rule for rule in RULES if not rule.reason] == []
    rules = Counter((rule.principal, rule.resource, rule.name, rule.operation) for rule in RULES)
    assert [rule for rule, times in rules.items() if times > 1] == []


def test_every_topic_has_a_writer() -> None:
    assert {r.name for r in RULES if r.operation is Operation.WRITE} == {topic.name for topic in TOPICS}


def test_the_commands_for_an_existing_cluster_say_every_topic_and_every_right() -> None:
    said = list(commands("blue.", replication_factor=3))
    topic_lines = [line for line in said if line.startswith("kafka-topics.sh ")]
    assert len(topic_lines) == len(TOPICS)
    assert all("--replication-factor 3" in line and "--topic blue." in line for line in topic_lines)
    (requests,) = (
        line
        for line in said
        if f"User:blue.{PAYMENT_PROVIDER} " in line and line.endswith("--topic blue.payment_provider.receipts")
    )
    assert "--operation Write --operation Describe --operation DescribeConfigs" in requests
    assert sum(line.count("--operation ") for line in said) == len(RULES)


def test_a_load_test_may_put_receipts_and_nothing_else_and_only_where_it_is_asked_for() -> None:
    assert LOAD_TEST not in {rule.principal for rule in RULES}
    assert {rule.principal for rule in LOAD_TEST_RULES} == {LOAD_TEST}
    assert {rule.name for rule in LOAD_TEST_RULES if rule.operation is Operation.WRITE} == {RECEIPTS.name}
    read = {rule.name for rule in LOAD_TEST_RULES if rule.operation is Operation.READ}
    assert not [topic for topic in TOPICS if topic.name in read and topic.private]
    assert {(r.name, r.operation) for r in LOAD_TEST_RULES if r.resource is Resource.GROUP} == {
        (WARD, Operation.DESCRIBE)
    }
