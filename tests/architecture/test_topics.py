"""Every topic has one owner, and a principal reads only the topics meant for it."""

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import product

import pytest

from contracts.events import CONTRACTOR_EVENTS, WARD_EVENTS, AccessLogCheckpointed, AgentRequest, DutyEvent, Event
from contracts.parties import Contractor
from contracts.topics import (
    CONSOLE,
    PAYMENT_PROVIDER,
    PRINCIPALS,
    TOPICS,
    WARD,
    Topic,
    card_agent,
    readable_by,
    topic_of,
)
from contracts.vocabulary import Agent

any_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)


def test_topic_names_are_unique() -> None:
    names = Counter(topic.name for topic in TOPICS)
    assert [name for name, count in names.items() if count > 1] == []


@any_topic
def test_a_topic_is_named_after_its_one_owner(topic: Topic) -> None:
    assert topic.owner in PRINCIPALS
    assert [p for p in PRINCIPALS if topic.name.startswith(f"{p}.")] == [topic.owner]


@any_topic
def test_a_topic_is_read_by_known_parties_other_than_its_owner(topic: Topic) -> None:
    assert set(topic.readers) <= set(PRINCIPALS)
    assert len(topic.readers) == len(set(topic.readers))
    assert (topic.owner in topic.readers) == topic.private


def test_nobody_hears_of_payments_from_the_ward() -> None:
    """A long year's ward is not waited for (decision 0025)."""
    heard = [topic for topic in TOPICS if topic.owner == WARD and topic.readers != (WARD,)]
    assert {event_type for topic in heard for event_type in topic.events} == {*WARD_EVENTS, AccessLogCheckpointed}


@any_topic
def test_a_topic_can_be_created_as_described(topic: Topic) -> None:
    assert topic.key
    assert topic.partitions >= 1
    assert topic.retention.total_seconds() > 0


@any_topic
def test_a_private_topic_is_its_owners_alone(topic: Topic) -> None:
    if topic.private:
        assert topic.readers == (topic.owner,)


def test_an_owner_publishes_an_event_type_on_one_topic_or_one_per_agent_or_contractor() -> None:
    homes: defaultdict[tuple[str, str], list[Topic]] = defaultdict(list)
    for topic in TOPICS:
        for event_type in topic.events:
            homes[topic.owner, event_type.__name__].append(topic)
            allowed = len(Agent) if issubclass(event_type, AgentRequest) else 1
            if topic.owner == WARD and issubclass(event_type, DutyEvent):
                allowed = len(Contractor)
            assert len(homes[topic.owner, event_type.__name__]) <= allowed


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_only_its_owner_can_publish_on_a_topic(principal: str) -> None:
    owners = {topic.name: topic.owner for topic in TOPICS}
    for topic, agent, contractor in product(TOPICS, Agent, Contractor):
        for event_type in topic.events:
            try:
                assert owners[topic_of(_blank(event_type, agent, contractor), principal)] == principal
            except LookupError:
                assert principal != topic.owner or contractor != topic.contractor


@pytest.mark.parametrize("contractor", Contractor)
def test_what_concerns_one_contractor_is_between_it_and_the_ward(contractor: Contractor) -> None:
    topics = {topic.name: topic for topic in TOPICS}
    by_ward: tuple[type[Event], ...] = (*WARD_EVENTS, AccessLogCheckpointed)
    for event_type in by_ward:
        assert topics[topic_of(_blank(event_type, Agent.UC, contractor), WARD)].readers == (contractor,)
    for event_type in CONTRACTOR_EVENTS:
        assert topics[topic_of(_blank(event_type, Agent.UC, contractor), contractor)].readers == (WARD,)


@pytest.mark.parametrize("agent", Agent)
def test_a_request_to_an_agent_goes_where_that_agent_alone_reads(agent: Agent) -> None:
    topics = {topic.name: topic for topic in TOPICS}
    for event_type in {t for topic in TOPICS for t in topic.events if issubclass(t, AgentRequest)}:
        assert topics[topic_of(_blank(event_type, agent), PAYMENT_PROVIDER)].readers == (card_agent(agent),)


@pytest.mark.parametrize("agent", Agent)
def test_a_card_agent_reads_only_the_requests_made_to_it(agent: Agent) -> None:
    readable = {topic.name for topic in readable_by(card_agent(agent))}
    others = {topic.name for other in Agent if other != agent for topic in readable_by(card_agent(other))}
    assert readable
    assert readable.isdisjoint(others)
    assert all(str(agent) in name for name in readable), readable


def test_every_party_follows_the_clock() -> None:
    (clock,) = (topic for topic in TOPICS if topic.owner == CONSOLE)
    assert set(clock.readers) == set(PRINCIPALS) - {CONSOLE}


def _blank(event_type: type[Event], agent: Agent, contractor: Contractor = Contractor.PAYMENT_PROVIDER) -> Event:
    """An event of which only the type and whom it concerns matter."""
    make: Callable[..., Event] = event_type
    blank: dict[str, object] = dict.fromkeys(event_type.__struct_fields__)
    if issubclass(event_type, AgentRequest):
        blank["agent"] = agent
    if issubclass(event_type, DutyEvent):
        blank["contractor"] = contractor
    return make(**blank)
