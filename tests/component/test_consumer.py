"""The consumer: a poison event is set aside alone; times come from messages; it waits for a silent database."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts.cloudevents import envelope
from contracts.http.service import DeadLetterView
from contracts.vocabulary import Refusal
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Message, Record
from services.chassis.bus.subscription import LogSubscription
from services.chassis.clock import Clock, ClockReading, pause, real_now
from services.chassis.retrying import RetryPolicy
from tests.component.home import Home
from tests.component.tiny_party import INBOUND, NOON, Counting, Driven, Entry, bury

HOUR = timedelta(hours=1)
POISON = Entry(account="a", name="bad", amount=-5)


async def lag(driven: Driven) -> int:
    return sum((await driven.service.status()).lag.values())


async def letters(driven: Driven) -> dict[str, DeadLetterView]:
    return {letter.id: letter for letter in await driven.service.dead_letters()}


# ---- poison -----------------------------------------------------------------------------------------------


async def test_a_poison_event_is_set_aside_alone(home: Home) -> None:
    driven = await Driven.started(home)
    healthy = [Entry(account=f"a{n}", name=str(n)) for n in range(10)]
    await driven.send(*healthy[:5], POISON, *healthy[5:])
    await driven.settle()
    assert sorted(await driven.names()) == sorted(await driven.asked()) == [str(n) for n in range(10)]
    (letter,) = await driven.service.dead_letters()
    assert letter.reason == "ValueError: entry bad has the amount -5, below 0"
    assert letter.attempts == RetryPolicy().attempts
    assert letter.value == {"account": "a", "name": "bad", "amount": -5, "owner": None}
    assert (letter.topic, letter.event_type, letter.failed_at) == (INBOUND, Entry.TYPE, NOON)
    assert (await driven.service.status()).dead_letters == 1
    assert await lag(driven) == 0


async def test_later_events_of_the_same_key_go_on(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(Entry(account="a", name="before"), POISON, Entry(account="a", name="after"))
    await driven.settle()
    assert await driven.names() == ["before", "after"]


async def test_every_event_of_a_batch_may_be_poison(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(*(Entry(account=str(n), name=str(n), amount=-1) for n in range(3)))
    await driven.settle()
    assert len(await letters(driven)) == 3
    assert await driven.names() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"value": b"{not json"}, "undecodable: sansha.test.entry.v1: "),
        ({"value": b'{"account":"a"}'}, "undecodable: sansha.test.entry.v1: Object missing required field"),
        ({"value": b'{"account":"a","name":"x","amount":"five"}'}, "undecodable: sansha.test.entry.v1: Expected `int`"),
        ({"value": b"\xff\xfe"}, "undecodable: sansha.test.entry.v1: "),
        ({"ce_type": b"sansha.unheard_of.v9"}, "undecodable: event type 'sansha.unheard_of.v9' is unknown"),
        ({"ce_type": None}, "undecodable: header ce_type is missing"),
        ({"ce_id": None}, "undecodable: header ce_id is missing"),
        ({"ce_time": b"yesterday"}, "undecodable: ce_time 'yesterday' is not an RFC 3339 time"),
        ({"ce_time": b"2021-04-12T12:00:00"}, "undecodable: ce_time '2021-04-12T12:00:00' has no time zone"),
        ({"ce_source": b"\xff"}, "undecodable: a header is not UTF-8"),
    ],
)
async def test_what_cannot_be_decoded_is_set_aside_at_once(
    change: dict[str, bytes | None], reason: str, home: Home
) -> None:
    driven = await Driven.started(home)
    good = driven.record(Entry(account="a", name="x"))
    marks: dict[str, bytes | None] = {**dict(good.headers), **{k: v for k, v in change.items() if k != "value"}}
    headers = tuple((name, value) for name, value in marks.items() if value is not None)
    bad = Record(INBOUND, "a", change.get("value") or good.value, headers)
    await driven.bus.produce([bad, driven.record(Entry(account="a", name="good"))])
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    assert letter.reason.startswith(reason)
    assert letter.attempts == 1
    assert letter.id == (dict(headers).get("ce_id", b"").decode() or f"{INBOUND}/{letter.partition}/{letter.offset}")
    assert await driven.names() == ["good"]


async def test_an_unknown_field_of_a_newer_version_is_ignored(home: Home) -> None:
    driven = await Driven.started(home)
    record = driven.record(Entry(account="a", name="x"))
    await driven.bus.produce([record._replace(value=record.value[:-1] + b',"new":1}')])
    await driven.settle()
    assert await driven.names() == ["x"]


# ---- dead letters are read, mended and replayed -----------------------------------------------------------


async def test_a_dead_letter_can_be_mended_and_replayed_once(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(POISON)
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    mended: dict[str, Any] = {**letter.value, "amount": 5}
    replayed = await driven.service.replay(letter.id, mended)
    assert isinstance(replayed, DeadLetterView)
    await driven.settle()
    assert await driven.names() == await driven.asked() == ["bad"]
    assert await driven.service.dead_letters() == []
    again = await driven.service.replay(letter.id, mended)
    assert isinstance(again, Refusal)
    assert again.code == "dead_letter_unknown"
    assert await driven.names() == ["bad"]


@pytest.mark.parametrize("value", [None, {"account": "a", "name": "bad", "amount": -6}, {"nonsense": 1}])
async def test_a_replay_that_still_fails_leaves_everything_as_it_was(value: dict[str, Any] | None, home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(POISON)
    await driven.settle()
    before = await driven.service.dead_letters()
    refusal = await driven.service.replay(before[0].id, value, "a-key")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "dead_letter_still_fails"
    assert await driven.service.dead_letters() == before
    assert await driven.names() == []
    assert await driven.count("inbox") == await driven.count("outbox") == 0


async def test_a_dead_letter_survives_a_restart_and_the_redelivery_of_its_event(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(POISON)
    await driven.settle()
    before = await driven.service.dead_letters()
    await driven.crash()
    await driven.send(POISON)
    await driven.settle()
    assert await driven.service.dead_letters() == before


async def test_what_was_replayed_is_not_done_again_when_it_is_delivered_again(home: Home) -> None:
    driven = await Driven.started(home)
    record = driven.record(POISON)
    await driven.bus.produce([record])
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    await driven.service.replay(letter.id, {"account": "a", "name": "bad", "amount": 5})
    await driven.bus.produce([record])
    await driven.settle()
    assert await driven.names() == ["bad"]


# ---- a database that does not answer ----------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, b"{not json"], ids=["an event", "an undecodable one"])
async def test_a_database_that_does_not_answer_is_waited_for_and_nothing_is_set_aside(
    value: bytes | None, tmp_path: Path
) -> None:
    driven = await Driven.started(Home(tmp_path))
    async with driven.service.reading() as session:  # fail at once if another process is writing
        await session.execute(text("PRAGMA busy_timeout = 1"))
    record = driven.record(Entry(account="a", name="one"))
    await driven.bus.produce([record._replace(value=value or record.value)])
    policy = RetryPolicy()
    patience = sum(policy.pause_after(attempt) for attempt in range(1, policy.attempts + 1))
    hog = sqlite3.connect(tmp_path / f"{driven.principal}.db", isolation_level=None)
    hog.execute("BEGIN EXCLUSIVE")
    handling = asyncio.create_task(driven.service.consumer.handle_next(timeout=0))
    await pause(2 * patience)  # twice as long as a poison event is retried
    assert not handling.done()
    assert not await driven.service.is_ready()
    hog.execute("COMMIT")
    hog.close()
    assert await asyncio.wait_for(handling, 10) == 1
    assert await driven.names() == ([] if value else ["one"])
    assert len(await driven.service.dead_letters()) == (1 if value else 0)
    assert await driven.service.is_ready()


async def test_a_full_disk_is_not_the_event_s_fault(tmp_path: Path) -> None:
    driven = await Driven.started(Home(tmp_path))
    async with driven.service.reading() as session:
        pages = (await session.execute(text("PRAGMA page_count"))).scalar_one()
        await session.execute(text(f"PRAGMA max_page_count = {pages}"))  # the database may not grow any more
    await driven.send(*(Entry(account=f"a{n}", name=f"{n}" * 500) for n in range(100)))
    handling = asyncio.create_task(driven.service.consumer.handle_next(timeout=0))
    await pause(1.0)  # far longer than a poison event is retried
    assert not handling.done()
    assert await driven.names() == []
    async with driven.service.reading() as session:
        await session.execute(text("PRAGMA max_page_count = 100000"))
    assert await asyncio.wait_for(handling, 10) == 100
    assert len(await driven.names()) == 100
    assert await driven.service.dead_letters() == []


# ---- time travels with the message ------------------------------------------------------------------------


async def test_on_a_stepped_clock_a_handler_s_now_is_its_message_s(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(Entry(account="a", name="one"))
    driven.clock.step_to(NOON + 5 * HOUR)
    await driven.settle()
    assert await driven.booked_at() == {"one": NOON}
    (message,) = await driven.published()
    assert envelope(message.headers).time == NOON, "and the event it publishes carries that time"


async def test_messages_of_two_times_never_share_a_transaction(home: Home) -> None:
    counting = Counting()
    driven = await Driven.started(home, counting)
    driven.clock.step_to(NOON + HOUR)
    sent = {f"{account}{n}": NOON + n % 2 * HOUR for account in "abc" for n in range(2)}
    await driven.bus.produce([driven.record(Entry(account=name, name=name), at=at) for name, at in sent.items()])
    assert await driven.service.step() == len(sent)
    assert await driven.booked_at() == sent
    assert counting.times["transaction.committed"] == 2
    assert [name[-1] for name in await driven.names()] == ["0"] * 3 + ["1"] * 3, "the earlier time first"


@pytest.mark.parametrize("rate", [1.0, 1_000.0])
async def test_on_a_running_clock_a_handler_s_now_is_the_clock_s(rate: float, home: Home) -> None:
    clock = Clock(ClockReading(NOON, real_now(), rate))
    driven = await Driven.started(home, clock=clock)
    await driven.bus.produce([driven.record(Entry(account="a", name="one"), at=datetime(2001, 1, 1).astimezone())])
    before = clock.now()
    await driven.settle()
    assert before <= (await driven.booked_at())["one"] <= clock.now()


# ---- batches and members ----------------------------------------------------------------------------------


async def test_a_batch_is_one_transaction_for_as_many_keys_as_it_has(home: Home) -> None:
    counting = Counting()
    driven = await Driven.started(home, counting)
    await driven.send(*(Entry(account=f"a{n}", name=f"{n}") for n in range(100)))
    await driven.send(Entry(account="a1", name="again"), Entry(account="a1", name="and again"))
    assert await driven.service.step() == 102
    assert counting.times["transaction.committed"] == 3, "one a wave"
    assert counting.times["offsets.committed"] == 1


async def test_batches_are_small_and_larger_while_there_is_a_backlog(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(*(Entry(account=f"a{n}", name=f"{n}") for n in range(2_600)))
    assert [await driven.service.consumer.handle_next(timeout=0) for _ in range(4)] == [500, 2_000, 100, 0]
    assert len(await driven.names()) == 2_600


class _TakenForDead(LogSubscription):
    """A member whose partitions go to another member while it is still handling its first batch."""

    taken = False

    def __init__(self, bus: MemoryBus, group: str, topics: Sequence[str]) -> None:
        super().__init__(bus.log, group, topics)
        self._bus = bus

    async def commit(self, messages: Sequence[Message]) -> None:
        if not self.taken:
            self.taken = True
            await bury(self._bus, self._group)
        await super().commit(messages)


class _HastyBus(MemoryBus):
    async def subscribe(self, group: str, topics: Sequence[str]) -> LogSubscription:
        return _TakenForDead(self, group, topics)


async def test_a_member_that_was_taken_for_dead_does_nothing_twice(home: Home) -> None:
    driven = Driven(home)
    driven.bus = _HastyBus()
    await driven.start()
    await driven.send(*(Entry(account=f"a{n}", name=f"{n}") for n in range(10)))
    assert await driven.service.step() == 10
    assert await lag(driven) == 10, "its offsets were refused"
    await driven.settle()
    assert await lag(driven) == 0
    assert sorted(await driven.names()) == [str(n) for n in range(10)]
    assert await driven.service.dead_letters() == []
