"""A transaction: effects, published events, timers and the inbox row commit together or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contracts import topics
from contracts.cloudevents import envelope
from contracts.events import AuthorizationApproved, ClockSet
from contracts.vocabulary import Agent, Refusal, Yen
from services.chassis.identity import SeededIdentity
from services.chassis.transaction import Author, Transaction
from tests.component.home import Home
from tests.component.tiny_party import (
    BROKEN_AMOUNT,
    NOON,
    OUTBOUND,
    Counting,
    Driven,
    Entry,
    EntryRequest,
    ReminderWanted,
    asked_about,
    owners,
)

OWNERLESS = "nobody"
"""An owner that is not in the table: a transaction that refers to it fails on commit."""


async def test_an_effect_and_its_announcement_commit_together(anywhere: Home) -> None:
    counting = Counting()
    driven = await Driven.started(anywhere, counting)
    await driven.send(Entry(account="a", name="one"), Entry(account="b", name="two"))
    assert await driven.service.step() == 2
    assert sorted(await driven.names()) == ["one", "two"]
    assert (await driven.service.status()).outbox_due == 1
    assert await driven.asked() == []
    assert counting.times["transaction.committed"] == 1
    await driven.settle()
    assert sorted(await driven.asked()) == ["one", "two"]


async def test_a_handler_that_raises_midway_leaves_nothing(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(Entry(account="a", name="bad", amount=-5))
    await driven.settle()
    assert await driven.names() == []
    assert await driven.asked() == []
    assert await driven.count("outbox") == 0
    assert await driven.count("inbox") == 0
    (letter,) = await driven.service.dead_letters()
    assert letter.reason == "ValueError: entry bad has the amount -5, below 0"


async def test_a_commit_that_fails_leaves_nothing(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(Entry(account="a", name="unowned", owner=OWNERLESS), Entry(account="b", name="good"))
    await driven.settle()
    assert await driven.names() == await driven.asked() == ["good"]
    assert await driven.count("inbox") == 1
    (letter,) = await driven.service.dead_letters()
    assert letter.reason.startswith("IntegrityError: ")


async def test_what_a_failed_transaction_did_not_handle_can_be_handled_later(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await driven.send(Entry(account="a", name="unowned", owner=OWNERLESS))
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    async with driven.service.database.begin() as session:
        await session.execute(owners.insert(), {"name": OWNERLESS})
    assert not isinstance(await driven.service.replay(letter.id, None), Refusal)
    await driven.settle()
    assert await driven.names() == await driven.asked() == ["unowned"]


async def test_a_timer_of_a_failed_transaction_never_fires(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    due = NOON + timedelta(hours=1)
    await driven.send(ReminderWanted(account="a", name="later", due=due, amount=-1))
    await driven.settle()
    assert len(await driven.service.dead_letters()) == 1
    status = await driven.service.status()
    assert (status.outbox_due, status.next_due_at) == (0, None)
    driven.clock.step_to(due)
    await driven.settle()
    assert await driven.names() == []


@pytest.mark.parametrize("owner", [None, OWNERLESS])
async def test_a_command_that_fails_leaves_nothing_and_raises(owner: str | None, home: Home) -> None:
    driven = await Driven.started(home)
    amount = 1 if owner else BROKEN_AMOUNT
    with pytest.raises(Exception, match=r"(?i)foreign key|a bug with"):
        await driven.service.add(EntryRequest(account="a", name="bad", amount=amount, owner=owner), "key")
    await driven.settle()
    assert await driven.names() == await driven.asked() == []
    assert await driven.count("outbox") == await driven.count("command_answers") == 0


async def test_announcements_of_several_handlers_of_one_transaction_keep_their_order(home: Home) -> None:
    driven = await Driven.started(home)
    names = [f"{account}{number}" for number in range(5) for account in "ab"]
    await driven.send(*(Entry(account=name[0], name=name) for name in names))
    await driven.settle()
    asked = await driven.asked()
    for account in "ab":
        assert [name for name in asked if name[0] == account] == [name for name in names if name[0] == account]


def transaction() -> Transaction:
    """A transaction that is never committed, to assert on what it publishes."""
    return Transaction(None, NOON, Author(topics.PAYMENT_PROVIDER, SeededIdentity(1)))  # type: ignore[arg-type]


def test_an_event_goes_to_the_topic_of_its_owner_with_an_id_that_follows_from_the_event() -> None:
    one, two = transaction(), transaction()
    for tx in (one, two):
        tx.publish(asked_about("a", "p1", 5, NOON))
    assert one.announced.published == two.announced.published
    (record,) = one.announced.published
    assert (record.topic, record.key) == (OUTBOUND, "a")
    attributes = envelope(record.headers)
    assert (attributes.source, attributes.subject, attributes.time) == ("/sansha/payment_provider", "p1", NOON)


def test_a_party_cannot_publish_what_belongs_to_another() -> None:
    tx = transaction()
    foreign = AuthorizationApproved(payment_id="p", agent=Agent.UC, amount=Yen(1), approval_code="x", approved_at=NOON)
    clock = ClockSet(sequence=1, simulated_at=NOON, real_at=NOON, rate=0)
    for event in (foreign, clock):
        with pytest.raises(LookupError, match="payment_provider owns no topic"):
            tx.publish(event)
    assert tx.announced.published == []


def test_a_timer_is_a_private_message_at_its_own_time() -> None:
    tx = transaction()
    tx.schedule(Entry(account="a", name="later"), NOON + timedelta(days=1))
    ((at, name, record),) = tx.announced.scheduled
    assert at == NOON + timedelta(days=1)
    assert name == "sansha.test.entry.v1/later"
    assert record.topic == topics.timers(topics.PAYMENT_PROVIDER).name
    assert envelope(record.headers).time == at
