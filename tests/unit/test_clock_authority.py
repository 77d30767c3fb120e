"""The clock of a stack, by the announcements it makes and the answers it waits for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from contracts import cloudevents, topics
from contracts.bounds import LAST_INSTANT
from contracts.events import ClockSet
from contracts.http.service import ServiceStatus
from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import BusError, EventBus, Message, Offsets, Record
from services.chassis.clock import Clock
from services.chassis.clock_topic import ClockFollower
from services.chassis.identity import SeededIdentity
from services.chassis.service import topic_specs
from services.console.stack.clients import Replica
from services.console.stack.clock_authority import ClockAuthority, ClockBlocked, ClockCannotMove, ClockOptions

START = datetime(2021, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
STEPPED = ClockOptions(rate=0.0, start_at=START)
SHORT = 0.05


@dataclass
class Unreliable:
    """A bus that withholds some of its records from readers, and fails on demand."""

    bus: MemoryBus
    kept_back: Collection[int] = ()
    is_down: bool = False

    async def read(self, topic: str, start: Offsets | None = None, max_records: int = 1000) -> Sequence[Message]:
        found = await self.bus.read(topic, start, max_records)
        return [message for message in found if message.offset not in self.kept_back]

    async def end_offsets(self, names: Sequence[str]) -> Offsets:
        if self.is_down:
            raise BusError("no answer")
        return await self.bus.end_offsets(names)

    def __getattr__(self, name: str) -> object:
        return getattr(self.bus, name)


@dataclass
class Follower:
    """A replica that follows the clock; its timers at most publish events."""

    principal: str
    address: str
    bus: EventBus
    hangs: bool = False
    due: list[datetime] = field(default_factory=list)
    announces: dict[datetime, Record] = field(default_factory=dict)
    asked_at: list[datetime] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock.real)

    def __post_init__(self) -> None:
        self.follower = ClockFollower(self.bus, self.clock)

    async def answer(self) -> Replica:
        await self.follower.catch_up()
        self.asked_at.append(self.clock.now())
        if (record := self.announces.pop(self.clock.now(), None)) is not None:
            await self.bus.produce([record])
        status = ServiceStatus(
            principal=self.principal,
            now=self.clock.now(),
            clock_rate=self.clock.reading.rate,
            outbox_due=0,
            next_due_at=min((at for at in self.due if at > self.clock.now()), default=None),
            dead_letters=0,
            lag={},
        )
        return Replica(self.principal, self.address, None if self.hangs else status)


@dataclass
class Followers:
    """All replicas there are."""

    of: list[Follower] = field(default_factory=list)

    async def replicas(self, principals: Collection[str] | None = None) -> Sequence[Replica]:
        return [await f.answer() for f in self.of if principals is None or f.principal in principals]


@pytest.fixture
async def bus() -> AsyncIterator[MemoryBus]:
    made = MemoryBus()
    await made.create_topics(topic_specs())
    yield made
    await made.close()


async def authority_of(bus: object, parties: Followers, options: ClockOptions = STEPPED) -> ClockAuthority:
    authority = ClockAuthority(cast(EventBus, bus), SeededIdentity(7), parties)
    await authority.begin(options)
    return authority


async def test_an_advance_ends_with_every_replica_at_the_new_time(bus: MemoryBus) -> None:
    wards = [Follower(topics.WARD, f"10.0.0.{n}:8401", bus) for n in (2, 3)]
    authority = await authority_of(bus, Followers([*wards]))
    assert await authority.advance(START + DAY) == START + DAY
    assert [ward.clock.now() for ward in wards] == [START + DAY] * 2


async def test_between_the_ends_of_an_advance_only_those_are_asked_whose_timers_are_due(bus: MemoryBus) -> None:
    days = [START + n * DAY for n in range(5)]
    ward = Follower(topics.WARD, "10.0.0.2:8401", bus, due=days[1:4])
    provider = Follower(topics.PAYMENT_PROVIDER, "10.0.0.3:8402", bus, due=[days[2]])
    await (await authority_of(bus, Followers([ward, provider]))).advance(days[4])
    assert ward.asked_at == days
    assert provider.asked_at == [days[0], days[2], days[4]]


async def test_a_reader_of_a_topic_that_has_grown_is_asked_even_if_none_of_its_timers_is_due(bus: MemoryBus) -> None:
    days = [START + n * DAY for n in range(3)]
    ward = Follower(topics.WARD, "10.0.0.2:8401", bus)
    agent = Follower("card_agent.uc", "10.0.0.4:8404", bus)
    provider = Follower(topics.PAYMENT_PROVIDER, "10.0.0.3:8402", bus, due=[days[1]])
    authority = await authority_of(bus, Followers([ward, agent, provider]))
    provider.announces[days[1]] = Record(topics.RECEIPTS.name, "key", b"", ())
    await authority.advance(days[2])
    assert days[1] in ward.asked_at
    assert days[1] not in agent.asked_at


async def test_a_replica_that_joins_late_has_the_time_once_it_has_caught_up(bus: MemoryBus) -> None:
    authority = await authority_of(bus, Followers())
    await authority.advance(START + DAY)
    late = Follower(topics.WARD, "10.0.0.4:8401", bus)
    assert await late.follower.catch_up()
    assert late.clock.now() == START + DAY


async def test_a_replica_that_hangs_is_named_with_its_address(bus: MemoryBus) -> None:
    hanging = Follower(topics.WARD, "10.0.0.3:8401", bus, hangs=True)
    authority = await authority_of(bus, Followers([Follower(topics.WARD, "10.0.0.2:8401", bus), hanging]))
    with pytest.raises(ClockBlocked) as blocked:
        await authority.advance(START + DAY, SHORT)
    assert "ward does not answer at 10.0.0.3:8401" in str(blocked.value)
    assert "10.0.0.2" not in str(blocked.value)
    assert authority.now() == START


async def test_a_lost_announcement_names_the_replicas_without_it_and_asking_again_heals_it(bus: MemoryBus) -> None:
    deaf = Unreliable(bus, kept_back={1})
    ward = Follower(topics.WARD, "10.0.0.3:8401", cast(EventBus, deaf))
    authority = await authority_of(bus, Followers([Follower(topics.PAYMENT_PROVIDER, "10.0.0.2:8402", bus), ward]))
    with pytest.raises(ClockBlocked) as blocked:
        await authority.advance(START + DAY, SHORT)
    assert "ward at 10.0.0.3:8401 has not taken the time yet" in str(blocked.value)
    assert "payment_provider" not in str(blocked.value)
    assert ward.clock.now() == START

    assert await authority.advance(START + DAY, SHORT) == START + DAY
    assert ward.clock.now() == START + DAY


async def test_a_log_that_does_not_answer_blocks_the_clock_until_it_does(bus: MemoryBus) -> None:
    unreliable = Unreliable(bus)
    authority = await authority_of(unreliable, Followers([Follower(topics.WARD, "10.0.0.2:8401", bus)]))
    unreliable.is_down = True
    with pytest.raises(ClockBlocked, match="the log does not answer"):
        await authority.advance(START + DAY, SHORT)
    unreliable.is_down = False
    assert await authority.advance(START + DAY, SHORT) == START + DAY


async def test_an_owner_that_starts_again_goes_on_where_the_clock_stood(bus: MemoryBus) -> None:
    parties = Followers([Follower(topics.WARD, "10.0.0.2:8401", bus)])
    await (await authority_of(bus, parties)).advance(START + DAY)
    again = await authority_of(bus, parties, ClockOptions(rate=0.0, start_at=START + 90 * DAY))
    assert again.now() == START + DAY


async def test_a_clock_that_ran_by_itself_goes_on_from_where_it_was_last_seen(bus: MemoryBus) -> None:
    await authority_of(bus, Followers(), ClockOptions(rate=3600.0, start_at=START))
    again = ClockAuthority(bus, SeededIdentity(7), Followers())
    await again.begin(STEPPED, last_seen=START + 5 * DAY)
    assert again.now() == START + 5 * DAY


async def test_real_time_is_announced_as_real_time(bus: MemoryBus) -> None:
    ward = Follower(topics.WARD, "10.0.0.2:8401", bus)
    authority = await authority_of(bus, Followers([ward]), ClockOptions())
    await ward.follower.catch_up()
    assert ward.clock.reading.rate == authority.rate == 1.0
    with pytest.raises(ValueError, match="runs by itself"):
        await authority.advance(START)


# ---- a clock does not go back, and not out of bounds ------------------------------------------------------


async def test_an_earlier_time_is_refused_with_the_time_that_the_clock_shows(bus: MemoryBus) -> None:
    ward = Follower(topics.WARD, "10.0.0.2:8401", bus)
    authority = await authority_of(bus, Followers([ward]))
    await authority.advance(START + DAY)
    assert await authority.advance(START + DAY) == START + DAY, "the same request may be sent twice"
    with pytest.raises(ClockCannotMove, match=r"shows 2021-07-02T09:00:00.* cannot go back to 2021-07-02T08:59:59"):
        await authority.advance(START + DAY - timedelta(microseconds=1))
    assert await authority.advance(START + 2 * DAY) == ward.clock.now() == START + 2 * DAY, "everything goes on"


@pytest.mark.parametrize("rate", [1.0, 3600.0])
async def test_a_clock_that_runs_by_itself_is_not_moved_and_says_what_it_shows(rate: float, bus: MemoryBus) -> None:
    authority = await authority_of(bus, Followers(), ClockOptions(rate=rate, start_at=START))
    with pytest.raises(ClockCannotMove, match=r"runs by itself, shows 20\d\d-.* and cannot go back to 2021-06-30"):
        await authority.advance(START - DAY)
    with pytest.raises(ClockCannotMove, match=r"runs by itself, shows 20\d\d-.*; only a stepped clock"):
        await authority.advance(START + 20_000 * DAY)


@pytest.mark.parametrize(
    "to",
    [
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        LAST_INSTANT + timedelta(microseconds=1),
        datetime(2021, 8, 1),  # noqa: DTZ001
    ],
)
async def test_a_time_out_of_bounds_is_refused_and_everything_goes_on(to: datetime, bus: MemoryBus) -> None:
    ward = Follower(topics.WARD, "10.0.0.2:8401", bus)
    authority = await authority_of(bus, Followers([ward]))
    with pytest.raises(ClockCannotMove, match=r"out of bounds|no time zone"):
        await authority.advance(to)
    assert await authority.advance(START + DAY) == ward.clock.now() == START + DAY


async def test_the_last_instant_is_reached_and_survives_a_restart(bus: MemoryBus) -> None:
    parties = Followers([Follower(topics.WARD, "10.0.0.2:8401", bus)])
    assert await (await authority_of(bus, parties)).advance(LAST_INSTANT) == LAST_INSTANT
    assert (await authority_of(bus, parties)).now() == LAST_INSTANT


async def test_real_time_does_not_begin_before_the_time_that_a_simulated_clock_has_shown(bus: MemoryBus) -> None:
    authority = await authority_of(bus, Followers())
    await authority.advance(LAST_INSTANT)
    with pytest.raises(ClockCannotMove, match="cannot go back to the machine's time"):
        await authority_of(bus, Followers(), ClockOptions())
    assert (await authority_of(bus, Followers())).now() == LAST_INSTANT


def clock_set(at: str, rate: str = "0.0", **headers: bytes) -> Record:
    event = ClockSet(sequence=9, simulated_at=START, real_at=START, rate=0.0)
    value = f'{{"sequence":9,"simulated_at":"{at}","real_at":"2021-07-01T00:00:00Z","rate":{rate}}}'.encode()
    marks = tuple((n, headers.get(n, c)) for n, c in cloudevents.headers("id", event, topics.CONSOLE, START))
    return Record(topics.CLOCK.name, event.key, value, marks)


@pytest.mark.parametrize(
    "forged",
    [
        clock_set("9999-12-31T23:59:59Z"),
        clock_set("0001-01-01T00:00:00Z"),
        clock_set("2021-08-01T00:00:00Z", rate="1e308"),
        clock_set("2021-08-01T00:00:00Z", rate="-1.0"),
        clock_set("2021-08-01T00:00:00Z", ce_source=b"/sansha/ward"),
        clock_set("2021-08-01T00:00:00Z", ce_time=b"9999-12-31T23:59:59Z"),
        clock_set("2021-06-01T00:00:00Z"),
        Record(topics.CLOCK.name, "clock", b"{oh", ()),
        Record(topics.CLOCK.name, "\x00", b"", (("ce_id", b"\xff"),)),
    ],
    ids=range(9),
)
async def test_an_announcement_that_is_none_is_passed_over(forged: Record, bus: MemoryBus) -> None:
    ward = Follower(topics.WARD, "10.0.0.2:8401", bus)
    authority = await authority_of(bus, Followers([ward]))
    await authority.advance(START + DAY)
    await bus.produce([forged])
    assert await ward.follower.catch_up()
    assert ward.clock.now() == START + DAY
    late = Follower(topics.WARD, "10.0.0.4:8401", bus)
    assert await late.follower.catch_up()
    assert late.clock.now() == START + DAY, "also by one that reads them all at once"
    assert await authority.advance(START + 2 * DAY) == ward.clock.now() == START + 2 * DAY
    assert (await authority_of(bus, Followers())).now() == START + 2 * DAY
