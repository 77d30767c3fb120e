"""Whatever an event holds, it is read or set aside with its reason, and the parties go on to the last yen.

A short cut runs with every test run, the long one with `make night`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import TypeAdapter

from contracts import topics
from contracts.cloudevents import UndecodableEvent
from contracts.http.service import DeadLetterView
from contracts.http.ward.slips import SlipRequest, SlipView
from contracts.parties import PARTIES
from contracts.reading import Reader
from contracts.vocabulary import Method, on_the_clock
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import EventBus, Message, Record, TopicPartition
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.clock import monotonic
from services.chassis.identity import chance
from services.chassis.service import Service
from services.console.books.audit import audit
from services.console.keys import key_settings
from services.console.payers.paying import expect
from services.console.payers.plan import ByBank, ByCard, PlannedPayment, collection_of
from services.console.sandbox.channels import payers_of
from services.console.sandbox.sandbox import Sandbox
from tests.component.home import Home
from tests.component.mutations import mutations

MONDAY = date(2021, 7, 5)
AFTER_DEPOSITS = date(2021, 9, 10)
CARDS = ("4000000000000002", "3530000000000003", "4000000000000028")
"""UC approves, JCB approves, over the limit."""
LETTERS = 1_000_000
NIGHT_SECONDS = 60.0
"""A bus and a database try no new cases after this long."""

letters_of_http = TypeAdapter(list[DeadLetterView])


def at(day: date, hour: int = 12) -> datetime:
    return on_the_clock(day, time(hour))


class Place(NamedTuple):
    """Where the parties are. With `keys` every event is sealed."""

    bus: EventBus
    home: Home
    keys: Path | None = None


class OnAnyBus(Sandbox):
    """A sandbox on any adapter of the bus: it rests when every party has handled what the log holds."""

    def __init__(self, bus: EventBus, databases: dict[str, str], keys: Path | None) -> None:
        overrides: dict[str, dict[str, Any]] = {p: {"database_url": url} for p, url in databases.items()}
        if keys is not None:
            overrides = {p: {**own, **key_settings(keys, p)} for p, own in overrides.items()}
        super().__init__(at(MONDAY), seed=7, overrides=overrides)
        self.bus = bus

    async def settle(self) -> None:
        while True:
            if sum([await service.step() for service in self.services]):
                continue
            behind = [service for service in self.services if await _behind(service)]
            if not behind:
                return
            for service in behind:
                await service.consumer.handle_next(timeout=1.0)


async def _behind(service: Service) -> bool:
    status = await service.status()
    return bool(status.outbox_due or sum(status.lag.values()))


@asynccontextmanager
async def parties(place: Place) -> AsyncIterator[OnAnyBus]:
    bus, home, _ = place
    sandbox = OnAnyBus(bus, {principal: await home.url(principal) for principal in PARTIES}, place.keys)
    for principal in PARTIES:
        home.lives_here(await sandbox.restart(principal))
    yield sandbox
    await bus.close()


class Story:
    """Payments by every kind of channel, and what is sent in between."""

    def __init__(self, sandbox: OnAnyBus) -> None:
        self.sandbox = sandbox
        self.readers = {s.principal: Reader(on.event for on in s.subscriptions()) for s in sandbox.services}
        self.openers = {s.principal: s.opener for s in sandbox.services}
        self.refused: set[tuple[str, bytes, tuple[tuple[str, bytes], ...]]] = set()
        self._paid = 0

    async def slip(self) -> SlipView:
        self._paid += 1
        asked = SlipRequest(insured_number=f"{self._paid:010d}", amount=1_000 + self._paid, due_on=date(2021, 8, 2))
        return expect(await self.sandbox.ward.commands.issue_slip(asked))

    async def pay(self) -> Sequence[str]:
        """One payment by each card, by a bank, and at a store; their ids."""
        payers, done = payers_of(self.sandbox), []
        every_means: list[ByCard | ByBank] = [*map(ByCard, CARDS), ByBank()]
        for means in every_means:
            slip = await self.slip()
            assert slip.barcode is not None
            payment = expect(await payers.pay_barcode(slip.barcode, means, "user", slip.slip_number))
            done.append(payment.payment_id)
        slip = await self.slip()
        planned = PlannedPayment(self.sandbox.clock.now(), slip, Method.CONVENIENCE_STORE)
        done.append(expect(await self.sandbox.provider.commands.collect(collection_of(planned))).payment_id)
        await self.sandbox.settle()
        return done

    async def messages(self) -> list[Message]:
        """All that the parties have sent each other and themselves so far."""
        return [m for t in topics.TOPICS if t.readers for m in await _all_of(self.sandbox.bus, t.name)]

    async def send(self, records: Sequence[Record], originals: Sequence[Message], *, forged: bool) -> None:
        """Send those that are refused or change nothing; with `forged` also those that say something else."""
        true: dict[tuple[str, bytes | None], Message] = {}
        for message in originals:
            true.setdefault((message.topic, dict(message.headers).get("ce_id")), message)
        for record in records:
            reads = self.read(record)
            if reads is None:
                self.refused.add((record.topic, record.value, record.headers))
            elif not forged:
                original = true.get((record.topic, dict(record.headers).get("ce_id")))
                if original is None or reads != self.read(original):
                    continue
            await self.sandbox.bus.produce([record])
        await self.sandbox.settle()

    def read(self, record: Record | Message) -> object:
        """What a reader of its topic reads; None if that is refused."""
        (party, *_) = [p for t in topics.TOPICS if t.name == record.topic for p in t.readers]
        try:
            value = self.openers[party].open(record.topic, record.key, record.headers, record.value)
            return self.readers[party].read(record.topic, record.key, record.headers, value)
        except UndecodableEvent:
            return None

    async def every_refused_one_is_kept(self) -> None:
        kept: set[tuple[str, bytes, tuple[tuple[str, bytes], ...]]] = set()
        for service in self.sandbox.services:
            async with service.reading() as session:
                found = await service.letters.all(session, LETTERS)
            kept |= {(letter.message.topic, letter.message.value, letter.message.headers) for letter in found}
            assert all(letter.reason for letter in found)
            listed = letters_of_http.dump_json(list(await service.dead_letters()))
            assert len(letters_of_http.validate_json(listed)) == min(len(found), 1_000)
        assert self.refused <= kept

    async def everything_goes_on(self) -> None:
        """The payments made now reach the ward."""
        paid = await self.pay()
        await self.sandbox.advance(at(AFTER_DEPOSITS))
        statuses = [expect(await self.sandbox.provider.queries.payment(i)).status for i in paid]
        assert statuses == ["confirmed", "confirmed", "declined", "confirmed", "confirmed"]
        for payment_id, status in zip(paid, statuses, strict=True):
            if status == "confirmed":
                assert expect(await self.sandbox.ward.queries.receipt(payment_id)).confirmed
        assert sum(view.balance for view in await self.sandbox.ward.queries.balances()) == 0


async def _all_of(bus: EventBus, topic: str) -> list[Message]:
    found: list[Message] = []
    starts: dict[TopicPartition, int] = {}
    while messages := await bus.read(topic, starts or None, 1_000):
        found += messages
        starts = {**starts, **{TopicPartition(m.topic, m.partition): m.offset + 1 for m in messages}}
    return found


async def attacked(place: Place, cases: int, *, seed: int, forged: bool, until: float = 0.0) -> None:
    """The story, with this many damaged events in its course; fewer once `until` (monotonic seconds) has passed."""
    async with parties(place) as sandbox:
        story = Story(sandbox)
        await story.pay()
        for number, day in enumerate((date(2021, 7, 9), date(2021, 7, 20), date(2021, 8, 4))):
            await sandbox.advance(at(day))
            originals = await story.messages()
            for part in range(0, cases // 3, 200):
                if until and monotonic() > until:
                    break
                draw = chance(seed, "damaged events", str(number), str(part))
                await story.send(mutations(originals, min(200, cases // 3), draw), originals, forged=forged)
        assert len(story.refused) > cases // 4, "most of them are no events"
        await story.every_refused_one_is_kept()
        await story.everything_goes_on()
        if not forged:
            found = audit(await sandbox.books())
            assert found.conserved
            assert found.findings == ()


def buses(name: str, folder: Path, request: pytest.FixtureRequest) -> EventBus:
    if name == "memory":
        return MemoryBus()
    if name == "embedded":
        return SqliteLog(folder / "bus", durable=False)
    broker, prefix = request.getfixturevalue("broker"), request.getfixturevalue("topic_prefix")
    return KafkaBus(KafkaOptions(broker.plain, prefix=prefix))


async def test_whatever_comes_is_read_or_set_aside(home: Home) -> None:
    await attacked(Place(MemoryBus(), home), 90, seed=1, forged=False)


async def test_forged_events_within_the_bounds_stop_nobody_either(tmp_path: Path) -> None:
    await attacked(Place(MemoryBus(), Home(tmp_path)), 150, seed=2, forged=True)


async def test_whatever_comes_from_the_log_in_a_folder_is_read_or_set_aside(tmp_path: Path) -> None:
    await attacked(Place(SqliteLog(tmp_path / "bus", durable=False), Home(tmp_path)), 90, seed=3, forged=False)


async def test_whatever_comes_among_sealed_events_is_opened_or_set_aside(home: Home, keys: Path) -> None:
    await attacked(Place(MemoryBus(), home, keys), 90, seed=4, forged=False)


@pytest.mark.night
async def test_all_night_among_sealed_events(home: Home, keys: Path) -> None:
    until = monotonic() + NIGHT_SECONDS
    await attacked(Place(MemoryBus(), home, keys), 6_000, seed=5, forged=False, until=until)


@pytest.mark.night
@pytest.mark.parametrize("forged", [False, True], ids=["no event", "also forged ones"])
@pytest.mark.parametrize("bus", ["memory", "embedded", pytest.param("kafka", marks=pytest.mark.stack)])
async def test_all_night(bus: str, forged: bool, home: Home, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    until = monotonic() + NIGHT_SECONDS
    await attacked(Place(buses(bus, tmp_path, request), home), 6_000, seed=3, forged=forged, until=until)
