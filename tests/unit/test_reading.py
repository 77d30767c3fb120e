"""What a topic carries: the events of its owner, of the agent and settler that the owner is or speaks for."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import pytest

from contracts import topics
from contracts.cloudevents import UndecodableEvent, encode_value, headers
from contracts.events import (
    EVENTS,
    AccessLogCheckpointed,
    AgentRequest,
    AuthorizationApproved,
    ClosingStatementIssued,
    DepositMade,
    Event,
    PaymentEvent,
)
from contracts.parties import PARTIES, Contractor
from contracts.reading import MisplacedEvent, Reader
from contracts.schema_generation import example_of
from contracts.vocabulary import Agent, Settler

AT = datetime(2021, 7, 20, 3, 15, tzinfo=UTC)
JCB, UC = Agent.JCB, Agent.UC


class ReminderDue(PaymentEvent, frozen=True, kw_only=True):
    TYPE: ClassVar[str] = "sansha.ward.timer.reminder_due"


def an(event_type: type[Event], **changes: object) -> Event:
    return msgspec.convert({**example_of(event_type), **changes}, event_type)


def read(event: Event, topic: str, source: str) -> Event:
    reader = Reader([ReminderDue])
    return reader.read(topic, event.key, headers("id", event, source, AT), encode_value(event))[1]


def fitting(event_type: type[Event], topic: topics.Topic) -> Event:
    """An example that belongs on the topic."""
    changes: dict[str, object] = {}
    if topic.agent is not None:
        changes["agent"] = topic.agent
    if issubclass(event_type, ClosingStatementIssued | DepositMade):
        changes["settler"] = min(topic.settlers)
    if topic.contractor is not None:
        changes["contractor"] = topic.contractor
    if event_type is AccessLogCheckpointed:
        changes["party"] = topic.owner
    return an(event_type, **changes)


EACH = [(topic, event_type) for topic in topics.TOPICS for event_type in topic.events]
names = [f"{topic.name} {event_type.__name__}" for topic, event_type in EACH]


@pytest.mark.parametrize(("topic", "event_type"), EACH, ids=names)
def test_an_event_is_read_on_its_topic_from_its_owner_alone(topic: topics.Topic, event_type: type[Event]) -> None:
    event = fitting(event_type, topic)
    assert read(event, topic.name, topic.owner) == event
    for other in set(topics.PRINCIPALS) - {topic.owner}:
        with pytest.raises(MisplacedEvent, match=f"the source is '/sansha/{other}'"):
            read(event, topic.name, other)


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda topic: topic.name)
def test_a_topic_carries_no_other_published_event(topic: topics.Topic) -> None:
    for event_type in set(EVENTS) - set(topic.events):
        with pytest.raises(MisplacedEvent, match=f"carries no {re.escape(event_type.TYPE)}"):
            read(an(event_type), topic.name, topic.owner)


@pytest.mark.parametrize("topic", topics.TOPICS, ids=lambda topic: topic.name)
def test_a_timer_comes_on_a_private_topic_alone(topic: topics.Topic) -> None:
    timer = ReminderDue(payment_id="p")
    if topic.private:
        assert read(timer, topic.name, topic.owner) == timer
    else:
        with pytest.raises(MisplacedEvent, match=r"carries no sansha\.ward\.timer"):
            read(timer, topic.name, topic.owner)


@pytest.mark.parametrize("event_type", [ClosingStatementIssued, DepositMade])
@pytest.mark.parametrize(
    ("topic", "settler"),
    [
        *((topics.settlements(UC), settler) for settler in Settler if settler is not Settler.UC),
        *((topics.settlements(JCB), settler) for settler in Settler if settler is not Settler.JCB),
        *((topics.BANK_SETTLEMENTS, settler) for settler in (Settler.JCB, Settler.UC)),
    ],
)
def test_nobody_settles_in_anothers_name(topic: topics.Topic, settler: Settler, event_type: type[Event]) -> None:
    with pytest.raises(MisplacedEvent, match=f"settler {settler} is none"):
        read(an(event_type, settler=settler), topic.name, topic.owner)


@pytest.mark.parametrize("topic", [t for t in topics.TOPICS if t.agent is not None], ids=lambda topic: topic.name)
def test_an_agents_events_carry_its_own_name(topic: topics.Topic) -> None:
    other = {JCB: UC, UC: JCB}[topic.agent or JCB]
    for event_type in topic.events:
        assert issubclass(event_type, AgentRequest) or "agent" in event_type.__struct_fields__
        with pytest.raises(MisplacedEvent, match=f"agent {other} is not the agent of"):
            read(an(event_type, agent=other), topic.name, topic.owner)


@pytest.mark.parametrize("topic", [t for t in topics.TOPICS if t.contractor is not None], ids=lambda topic: topic.name)
def test_what_is_told_of_protection_names_the_contractor_that_it_concerns(topic: topics.Topic) -> None:
    other = next(contractor for contractor in Contractor if contractor is not topic.contractor)
    for event_type in topic.events:
        with pytest.raises(MisplacedEvent, match=f"contractor {other} is not the contractor of"):
            read(an(event_type, contractor=other), topic.name, topic.owner)


@pytest.mark.parametrize("topic", [t for t in topics.TOPICS if t.contractor is not None], ids=lambda topic: topic.name)
def test_nobody_sends_a_checkpoint_of_anothers_access_log(topic: topics.Topic) -> None:
    for other in set(PARTIES) - {topic.owner}:
        with pytest.raises(MisplacedEvent, match=f"a checkpoint of {other}'s access log"):
            read(an(AccessLogCheckpointed, contractor=topic.contractor, party=other), topic.name, topic.owner)


def test_a_topic_that_the_contract_does_not_know_carries_nothing() -> None:
    with pytest.raises(MisplacedEvent, match="no topic of the contract"):
        read(an(AuthorizationApproved), "elsewhere", topics.card_agent(JCB))


@pytest.mark.parametrize("key", ["\x00", "k" * 1_001])
def test_a_key_is_such_as_every_database_stores(key: str) -> None:
    event = an(AuthorizationApproved)
    marks = headers("id", event, topics.card_agent(JCB), AT)
    with pytest.raises(UndecodableEvent, match="the key"):
        Reader().read(topics.authorization_results(JCB).name, key, marks, encode_value(event))
    assert Reader().read(topics.authorization_results(JCB).name, "", marks, encode_value(event))[1] == event
