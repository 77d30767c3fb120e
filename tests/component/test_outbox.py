"""The outbox: committed events are sent when they are due, in order per key, at least once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from contracts.vocabulary import Refusal
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Record
from services.chassis.clock import Clock, ClockReading, real_now
from services.chassis.database import Database
from services.chassis.faults import POINTS
from services.chassis.messaging.relay import SENT_ROWS_KEPT
from services.chassis.transaction import Author, Transaction
from tests.component.home import Home
from tests.component.tiny_party import (
    ANSWERER,
    ASKER,
    NOON,
    Died,
    DiesAt,
    Driven,
    Entry,
    EntryRequest,
    ReminderDropped,
    ReminderWanted,
    asked_about,
)

DAY = timedelta(days=1)
SOON = 5.0
"""Seconds of real time within which a waiting relay must wake; it takes milliseconds."""


async def add(driven: Driven, name: str, account: str = "a") -> None:
    assert not isinstance(await driven.service.add(EntryRequest(account=account, name=name)), Refusal)


async def remind(driven: Driven, name: str, due: datetime) -> None:
    await driven.send(ReminderWanted(account="a", name=name, due=due))
    await driven.settle()


async def one_by_one(driven: Driven, names: Sequence[str]) -> None:
    for name in names:
        await driven.send(Entry(account="a", name=name))
        await driven.settle()


async def test_what_is_sent_keeps_the_order_of_its_key(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    for n in range(30):
        await add(driven, f"c{n}")
        await driven.send(Entry(account="a", name=f"e{n}"))
        if n % 7 == 0:
            await driven.service.step()
    await driven.settle()
    assert await driven.asked() == await driven.names()
    assert len(await driven.asked()) == 60


async def test_what_a_crash_left_is_sent_before_what_comes_after_it(home: Home) -> None:
    driven = await Driven.started(home)
    for n in range(5):
        await add(driven, str(n))
    await driven.crash()
    for n in range(5, 10):
        await add(driven, str(n))
    await driven.settle()
    assert await driven.asked() == [str(n) for n in range(10)]


async def test_more_than_one_reading_of_the_table_keeps_the_order(home: Home) -> None:
    driven = await Driven.started(home)
    for n in range(450):
        await add(driven, str(n))
    await driven.crash()
    await add(driven, "450")
    await driven.settle()
    assert await driven.asked() == [str(n) for n in range(451)]


async def test_rows_are_deleted_together_once_the_bus_has_them(home: Home) -> None:
    driven = await Driven.started(home)
    for n in range(SENT_ROWS_KEPT):
        await add(driven, str(n))
        assert await driven.count("outbox") == n + 1
        await driven.settle()
        assert (await driven.service.status()).outbox_due == 0
    await add(driven, "one more")
    assert await driven.count("outbox") == 1, "the others were deleted with its transaction"
    await driven.settle()
    await driven.service.close()
    await driven.start()
    assert await driven.count("outbox") == 0
    assert await driven.asked() == [*map(str, range(SENT_ROWS_KEPT)), "one more"]


async def test_a_bus_that_takes_nothing_loses_nothing(home: Home) -> None:
    driven = await Driven.started(home)
    await driven.bus.close()
    await add(driven, "one")
    for _ in range(2):
        with pytest.raises(Exception, match="closed"):
            await driven.service.relay.send_due()
    assert await driven.count("outbox") == 1
    driven.bus = MemoryBus(driven.bus.log)
    await driven.crash()
    await driven.settle()
    assert await driven.asked() == ["one"]


async def test_a_relay_that_died_between_sending_and_deleting_sends_twice_and_the_inbox_absorbs_it(
    home: Home,
) -> None:
    driven = await Driven.started(home, DiesAt("outbox.sent"))
    answerer = Driven(home, ANSWERER, driven.clock)
    answerer.bus = driven.bus
    await answerer.start()
    await add(driven, "one")
    with pytest.raises(Died):
        await driven.settle()
    await driven.crash()
    await driven.settle()
    await answerer.settle()
    assert await driven.asked() == ["one", "one"]
    assert await answerer.names() == ["one"]
    assert await answerer.service.dead_letters() == []


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", POINTS)
async def test_whichever_point_it_dies_at_every_effect_is_there_once(point: str, nth: int, home: Home) -> None:
    driven = await Driven.started(home, DiesAt(point, nth))
    answerer = Driven(home, ANSWERER, driven.clock)
    answerer.bus = driven.bus
    await answerer.start()
    sent = ["one", "two", "three"]
    with pytest.raises(Died):
        await one_by_one(driven, sent)
    await driven.crash()
    await driven.send(*(Entry(account="a", name=name) for name in sent))
    await driven.settle()
    await answerer.settle()
    for party in (driven, answerer):
        assert await party.names() == sent
        assert await party.service.dead_letters() == []
        status = await party.service.status()
        assert (status.outbox_due, sum(status.lag.values())) == (0, 0)


# ---- timers -----------------------------------------------------------------------------------------------


async def test_a_timer_fires_when_it_is_due_and_not_before(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await remind(driven, "later", NOON + DAY)
    assert (await driven.service.status()).next_due_at == driven.service.relay.next_due == NOON + DAY
    driven.clock.step_to(NOON + DAY - timedelta(microseconds=1))
    await driven.settle()
    assert await driven.names() == []
    driven.clock.step_to(NOON + DAY)
    await driven.settle()
    assert await driven.booked_at() == {"later": NOON + DAY}
    assert (await driven.service.status()).next_due_at is None


async def test_a_timer_alone_is_no_reason_to_read_the_table(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await one_by_one(driven, ["sent"])
    await driven.send(ReminderWanted(account="a", name="later", due=NOON + DAY))
    await driven.service.consumer.handle_next(timeout=0)
    assert driven.service.relay.next_due == NOON + DAY, (
        "the next due time is known without a read: only the timer is left"
    )


async def test_timers_that_the_clock_leaps_over_fire_in_the_order_of_their_times(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    for days in (3, 1, 2):
        await remind(driven, f"after {days}", NOON + days * DAY)
    driven.clock.step_to(NOON + 10 * DAY)
    await driven.settle()
    assert await driven.names() == ["after 1", "after 2", "after 3"]
    assert await driven.booked_at() == {f"after {days}": NOON + days * DAY for days in (1, 2, 3)}


@pytest.mark.parametrize("gracefully", [True, False])
async def test_a_timer_survives_a_restart(gracefully: bool, home: Home) -> None:
    driven = await Driven.started(home)
    await remind(driven, "later", NOON + DAY)
    if gracefully:
        await driven.service.close()
        await driven.start()
    else:
        await driven.crash()
    await driven.settle()
    assert driven.service.relay.next_due == NOON + DAY
    driven.clock.step_to(NOON + DAY)
    await driven.settle()
    assert await driven.names() == ["later"]


async def test_a_cancelled_timer_does_not_fire_and_its_neighbour_does(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await remind(driven, "dropped", NOON + DAY)
    await remind(driven, "kept", NOON + DAY)
    await driven.send(ReminderDropped(account="a", name="dropped"))
    await driven.settle()
    driven.clock.step_to(NOON + 2 * DAY)
    await driven.settle()
    assert await driven.names() == ["kept"]


async def test_a_timer_that_is_due_at_once_fires_at_once(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await remind(driven, "now", NOON)
    assert await driven.booked_at() == {"now": NOON}


async def test_a_timer_that_is_due_at_once_fires_beside_one_that_is_cancelled(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await remind(driven, "dropped", NOON + DAY)
    dropped = ReminderDropped(account="b", name="dropped")
    await driven.send(dropped, ReminderWanted(account="a", name="now", due=NOON))
    await driven.settle()
    assert await driven.booked_at() == {"now": NOON}


async def test_on_a_scaled_clock_a_timer_fires_by_itself(anywhere: Home) -> None:
    driven = await Driven.started(anywhere, clock=Clock.scaled(NOON, 86_400))
    due = NOON + timedelta(hours=1)
    await remind(driven, "soon", due)
    async with asyncio.timeout(SOON):
        while not await driven.names():
            await driven.service.relay.wait(longest=SOON)
            await driven.settle()
    assert (await driven.booked_at())["soon"] >= due


# ---- waiting and taking turns -----------------------------------------------------------------------------


async def test_a_waiting_relay_is_woken_by_a_commit(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await driven.settle()
    waiting = asyncio.create_task(driven.service.relay.wait(longest=60))
    await add(driven, "one")
    await asyncio.wait_for(waiting, SOON)
    assert await driven.service.relay.send_due() == 1


async def test_a_waiting_relay_is_woken_by_the_clock_and_by_its_timer(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await remind(driven, "later", NOON + DAY)
    waiting = asyncio.create_task(driven.service.relay.wait(longest=60))
    await driven.service.database.require_writing()
    driven.clock.set(ClockReading(NOON + DAY - timedelta(seconds=50), real_now(), 1000.0))
    await asyncio.wait_for(waiting, SOON)
    await asyncio.wait_for(driven.service.relay.wait(longest=60), SOON)
    await driven.settle()
    assert await driven.names() == ["later"]


async def test_a_relay_with_something_due_does_not_wait(anywhere: Home) -> None:
    driven = await Driven.started(anywhere)
    await add(driven, "one")
    await asyncio.wait_for(driven.service.relay.wait(longest=60), SOON)


async def sender_and_other(home: Home) -> tuple[Driven, Driven]:
    """Two processes of one party, of which the second only commits."""
    sender = await Driven.started(home)
    await sender.settle()
    other = Driven(home, clock=sender.clock)
    other.bus = sender.bus
    await other.start()
    other.service.relay.sends = False
    return sender, other


async def test_one_process_sends_what_another_of_its_party_committed(home: Home) -> None:
    sender, other = await sender_and_other(home)
    await add(other, "one")
    assert await sender.service.relay.send_due() == 0
    await sender.service.relay.wait(longest=0.001)
    await sender.settle()
    assert await sender.asked() == ["one"]


async def test_what_another_process_committed_before_is_sent_before(home: Home) -> None:
    sender, other = await sender_and_other(home)
    await add(sender, "one")
    await add(other, "two")
    await add(sender, "three")
    await sender.settle()
    assert await sender.asked() == ["one", "two", "three"]


class HeldBus(MemoryBus):
    """Produces once the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def produce(self, records: Sequence[Record]) -> None:
        self.asked.set()
        await self.let_go.wait()
        await super().produce(records)


async def test_what_is_read_from_the_table_before_its_commit_is_heard_of_is_sent_once(home: Home) -> None:
    driven, bus = Driven(home), HeldBus()
    driven.bus = bus
    await driven.start()
    relay = driven.service.relay
    async with driven.service.database.begin() as session:
        tx = Transaction(session, NOON, Author(ASKER, driven.service.identity))
        tx.publish(asked_about("a", "one", 1, NOON))
        pending = await relay.write(session, tx.announced)
    relay.look_again()
    sending = asyncio.create_task(relay.send_due())
    await asyncio.wait_for(bus.asked.wait(), SOON)
    relay.committed(pending)
    bus.let_go.set()
    assert await sending == 1
    assert await relay.send_due() == 0
    assert await driven.asked() == ["one"]


async def test_one_process_at_a_time_is_the_sender(home: Home) -> None:
    one, two = [Database(await home.url("party")) for _ in range(2)]
    async with one.sole_holder("relay") as lease:
        assert lease.held
        async with two.sole_holder("relay") as another:
            assert not another.held
    async with two.sole_holder("relay") as lease:
        assert lease.held
    for database in (one, two):
        await database.close()
