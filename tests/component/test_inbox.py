"""The inbox: an event delivered twice is handled once; another event under the same id is set aside.

Events with a natural key have no inbox row: the key of their effect says whether it is there.
"""

from __future__ import annotations

import pytest

from contracts.http.service import DeadLetterView
from services.chassis.consumer import IdReused
from services.chassis.messaging.inbox import fingerprint
from tests.component.home import Home
from tests.component.tiny_party import Driven, Entry, Token

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
    set_aside = letter.value["amount"]
    async with driven.service.reading() as session:
        amounts = (await session.exec_driver_sql("SELECT amount FROM entries")).scalars().all()
    assert {set_aside, *amounts} == {ONE.amount, other.amount}
    if other is OTHER or not in_one_batch:
        assert set_aside == other.amount, "the event that came first stands"


async def test_each_of_several_events_under_one_id_is_kept(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await driven.bus.produce([driven.record(Entry(account="a", name="one", amount=n), "the-id") for n in range(1, 4)])
    await driven.settle()
    letters = await driven.service.dead_letters()
    assert sorted(letter.value["amount"] for letter in letters) == [2, 3]
    assert len({letter.id for letter in letters}) == 2
    await driven.service.bus.produce([driven.record(Entry(account="a", name="one", amount=3), "the-id")])
    await driven.settle()
    assert len(await driven.service.dead_letters()) == 2, "redelivery of an event that is set aside changes nothing"


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


# ---- natural keys -----------------------------------------------------------------------------------------

TOKEN = Token(account="a", name="one")


async def _absorbed(driven: Driven) -> tuple[int, int]:
    """Tokens handled and events absorbed, as this process counts them."""
    count = driven.service.metrics.registry.get_sample_value
    handled = count("sansha_events_handled_total", {"type": Token.TYPE})
    return int(handled or 0), int(count("sansha_events_duplicate_total") or 0)


async def test_with_a_natural_key_delivered_twice_is_done_once_without_an_inbox_row(home: Home) -> None:
    driven = await Driven.started(home)
    for _ in range(2):
        await driven.send(TOKEN)
        await driven.settle()
    assert await driven.token_amounts() == {"one": 1}
    assert await driven.asked() == ["one"]
    assert await driven.count("inbox") == 0
    assert await _absorbed(driven) == (1, 1)


async def test_with_a_natural_key_twice_in_one_wave_is_done_once(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    record = driven.record(TOKEN)
    await driven.bus.produce([record, record._replace(key="b")])
    assert await driven.service.step() == 2
    await driven.settle()
    assert await driven.asked() == ["one"]
    assert await _absorbed(driven) == (1, 1)
    assert await driven.service.dead_letters() == []


async def test_with_a_natural_key_the_same_effect_under_another_id_is_a_repetition(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await driven.bus.produce([driven.record(TOKEN, event_id) for event_id in ("an-id", "another-id")])
    await driven.settle()
    assert await driven.asked() == ["one"]


async def test_with_a_natural_key_another_effect_under_the_same_id_is_another_effect(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    other = Token(account="a", name="two", amount=2)
    await driven.bus.produce([driven.record(token, "the-id") for token in (TOKEN, other)])
    await driven.settle()
    assert await driven.token_amounts() == {"one": 1, "two": 2}
    assert await driven.service.dead_letters() == []


async def test_a_wave_may_hold_events_of_both_kinds(home: Home) -> None:
    driven = await Driven.started(home)
    booked = [Entry(account=f"a{n}", name=f"e{n}") for n in range(3)]
    tokens = [Token(account=f"b{n}", name=f"t{n}") for n in range(3)]
    mixed = [event for pair in zip(booked, tokens, strict=True) for event in pair]
    for _ in range(2):
        await driven.send(*mixed)
        await driven.settle()
    assert sorted(await driven.names()) == ["e0", "e1", "e2"]
    assert sorted(await driven.token_amounts()) == ["t0", "t1", "t2"]
    assert sorted(await driven.asked()) == ["e0", "e1", "e2", "t0", "t1", "t2"]
    assert await driven.count("inbox") == 3


async def test_with_a_natural_key_the_whole_topic_replayed_changes_nothing(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.send(*(Token(account=f"a{n}", name=str(n)) for n in range(10)))
    await driven.settle()
    before = await driven.token_amounts()
    ends = await driven.bus.end_offsets(driven.service.topics)
    await driven.bus.reset(driven.principal, dict.fromkeys(ends, 0))
    await driven.crash()
    await driven.settle()
    assert sum((await driven.service.status()).lag.values()) == 0
    assert await driven.token_amounts() == before
    assert len(set(await driven.asked())) == 10
    assert await _absorbed(driven) == (0, 10)


async def test_with_a_natural_key_a_dead_letter_is_mended_once_and_a_replay_of_what_is_there_changes_nothing(
    home: Home,
) -> None:
    driven = await Driven.started(home)
    await driven.send(Token(account="a", name="bad", amount=-5), TOKEN)
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    assert await driven.token_amounts() == {"one": 1}, "the wave was rolled back, and its other event tried alone"
    mended = {**letter.value, "amount": 5}
    assert isinstance(await driven.service.replay(letter.id, mended), DeadLetterView)
    assert await driven.token_amounts() == {"bad": 5, "one": 1}
    await driven.send(Token(account="a", name="bad", amount=-5))
    await driven.settle()
    (letter,) = await driven.service.dead_letters()
    assert isinstance(await driven.service.replay(letter.id, mended), DeadLetterView)
    await driven.settle()
    assert await driven.service.dead_letters() == []
    assert await driven.token_amounts() == {"bad": 5, "one": 1}
    assert sorted(await driven.asked()) == ["bad", "one"]
