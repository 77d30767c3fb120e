"""The inbox: what is delivered twice is done once; another event under the same id is set aside."""

from __future__ import annotations

import pytest

from services.chassis.consumer import IdReused
from services.chassis.inbox import fingerprint
from tests.component.home import Home
from tests.component.tiny_party import Driven, Entry

ONE = Entry(account="a", name="one")
OTHER = Entry(account="a", name="one", amount=2)
ELSEWHERE = Entry(account="b", name="one", amount=3)


async def test_delivered_twice_is_done_once(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    for _ in range(2):
        await driven.send(ONE)
        await driven.settle()
    assert await driven.names() == await driven.asked() == ["one"]
    assert await driven.service.dead_letters() == []


async def test_twice_in_one_batch_is_done_once(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(ONE, ONE, Entry(account="a", name="two"), ONE)
    assert await driven.service.step() == 4
    await driven.settle()
    assert await driven.names() == await driven.asked() == ["one", "two"]
    assert await driven.count("inbox") == 2


async def test_twice_in_one_wave_under_two_keys_is_done_once(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    record = driven.record(ONE)
    await driven.bus.produce([record, record._replace(key="b")])
    await driven.settle()
    assert await driven.names() == ["one"]
    assert await driven.service.dead_letters() == []


async def test_a_batch_that_is_all_duplicates_changes_nothing(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    many = [Entry(account=f"a{n}", name=str(n)) for n in range(20)]
    await driven.send(*many)
    await driven.settle()
    before = await driven.names()
    await driven.send(*reversed(many))
    assert await driven.service.step() == 20
    assert await driven.names() == before
    assert (await driven.service.status()).outbox_due == 0
    assert sum((await driven.service.status()).lag.values()) == 0


async def test_a_redelivery_after_a_restart_changes_nothing(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(ONE)
    await driven.settle()
    await driven.crash()
    await driven.send(ONE)
    await driven.settle()
    assert await driven.names() == ["one"]


async def test_the_whole_topic_replayed_changes_nothing(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(*(Entry(account=f"a{n}", name=str(n)) for n in range(10)))
    await driven.settle()
    before = await driven.names()
    ends = await driven.bus.end_offsets(driven.service.topics)
    await driven.bus.reset(driven.principal, dict.fromkeys(ends, 0))
    await driven.crash()
    await driven.settle()
    assert sum((await driven.service.status()).lag.values()) == 0
    assert await driven.names() == before


@pytest.mark.parametrize("other", [OTHER, ELSEWHERE], ids=["same key", "another key"])
@pytest.mark.parametrize("in_one_batch", [True, False], ids=["in one batch", "later"])
async def test_another_event_under_the_same_id_is_set_aside_and_the_first_stands(
    other: Entry, in_one_batch: bool, anywhere: Home
) -> None:
    driven = await Driven.started(anywhere)
    first, second = driven.record(ONE, "the-id"), driven.record(other, "the-id")
    await driven.bus.produce([first])
    if not in_one_batch:
        await driven.settle()
    await driven.bus.produce([second])
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    assert letter.reason == "IdReused: event id the-id was used before for another sansha.test.entry.v1"
    assert letter.reason.startswith(IdReused.__name__)
    assert (letter.id, letter.attempts) == ("the-id", 1)
    assert len(await driven.names()) == len(await driven.asked()) == 1
    kept = letter.value["amount"]
    async with driven.service.reading() as session:
        amounts = (await session.exec_driver_sql("SELECT amount FROM entries")).scalars().all()
    assert {kept, *amounts} == {ONE.amount, other.amount}
    if other is OTHER or not in_one_batch:
        assert kept == other.amount, "the event that came first stands"


async def test_each_of_several_events_under_one_id_is_kept(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await driven.bus.produce([driven.record(Entry(account="a", name="one", amount=n), "the-id") for n in range(1, 4)])
    await driven.settle()
    letters = await driven.service.dead_letters()
    assert sorted(letter.value["amount"] for letter in letters) == [2, 3]
    assert len({letter.id for letter in letters}) == 2
    await driven.service.bus.produce([driven.record(Entry(account="a", name="one", amount=3), "the-id")])
    await driven.settle()
    assert len(await driven.service.dead_letters()) == 2, "a redelivery of one that is here changes nothing"


async def test_a_reused_id_stops_neither_its_wave_nor_its_key(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await driven.bus.produce([driven.record(ONE, "the-id"), driven.record(OTHER, "the-id")])
    await driven.send(Entry(account="a", name="two"), Entry(account="b", name="three"))
    await driven.settle()
    assert sorted(await driven.names()) == ["one", "three", "two"]


def test_a_fingerprint_tells_values_apart() -> None:
    values = [b"", b"a", b"b", b"ab", b'{"amount":1}', b'{"amount":2}']
    assert len({fingerprint(value) for value in values}) == len(values)
    assert fingerprint(b"a") == fingerprint(b"a")
