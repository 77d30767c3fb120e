"""A load test's run: an open loop, timed from the intended arrival until a ward has committed the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.bus.memory import MemoryBus
from services.chassis.bus.port import Message, Record, TopicSpec
from services.chassis.clock import pause
from services.console.load.arrivals import Arrivals, Shape
from services.console.load.following import Follower
from services.console.load.recording import END_TO_END, Moment, Recorder
from services.console.load.running import ONE_STOP_SECONDS, Run, Schedule, Watch

TOPIC, GROUP = "receipts", "ward"


class Numbers:
    """A workload of numbered records."""

    stages: Sequence[str] = ("accepted",)
    at_once = 50
    senders = 1
    ahead = 300

    def __init__(self, bus: MemoryBus, recorder: Recorder, watch: Watch) -> None:
        self.bus, self.recorder, self.watch = bus, recorder, watch
        self.intended_at: dict[str, float] = {}

    async def send(self, intended: Sequence[float]) -> None:
        keys = [str(len(self.intended_at) + n) for n in range(len(intended))]
        self.intended_at |= zip(keys, intended, strict=True)
        await self.bus.produce([Record(TOPIC, key, b"", ()) for key in keys])

    async def observe(self) -> None:
        """Does nothing."""

    def intended(self, message: Message) -> float | None:
        return self.intended_at.get(message.key)


class Ward:
    """Commits what it fetches, once `may` is set."""

    def __init__(self, bus: MemoryBus) -> None:
        self.bus = bus
        self.may = asyncio.Event()
        self.may.set()

    async def work(self) -> None:
        subscription = await self.bus.subscribe(GROUP, [TOPIC])
        while True:
            await self.may.wait()
            await subscription.commit(await subscription.fetch(100, timeout=0.01))


class Trial:
    """A run over a bus in memory, with a ward that the test pauses and resumes."""

    def __init__(self, schedule: Schedule) -> None:
        self.bus, self.watch = MemoryBus(), Watch()
        self.recorder = Recorder(Numbers.stages)
        self.numbers = Numbers(self.bus, self.recorder, self.watch)
        self.follower = Follower(self.bus, TOPIC, GROUP, self.numbers.intended, self.watch.now)
        self.run = Run(schedule, self.numbers, self.follower, self.recorder, self.watch)
        self.ward = Ward(self.bus)
        self.moments: list[Moment] = []

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[asyncio.Task[None]]:
        await self.bus.create_topics([TopicSpec(TOPIC, 4, 3600.0)])
        await self.follower.begin()
        working = asyncio.create_task(self.ward.work())
        running = asyncio.create_task(self.run.execute(self.moments.append))
        try:
            yield running
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def execute(self) -> None:
        async with self.begun() as running:
            await running


def steady(rate: float, seconds: float, warm_up: float = 0.0) -> Schedule:
    arrivals = Arrivals(Shape.CONSTANT, rate, seconds)
    return Schedule(arrivals.count, arrivals, warm_up, patience_seconds=1.0)


async def test_all_that_was_planned_is_sent_and_registered_and_the_warm_up_is_apart() -> None:
    trial = Trial(steady(200.0, 1.0, warm_up=0.5))
    await trial.execute()
    spread = trial.recorder.spreads()[END_TO_END]
    assert (trial.recorder.sent, trial.recorder.registered, spread.count) == (300, 300, 200)
    assert (trial.run.was_stopped, trial.run.gave_up) == (False, False)
    assert trial.moments[0].is_warm
    assert sum(row.registered for row in trial.recorder.seconds()) <= 300


async def test_what_comes_while_the_ward_stands_still_counts_from_when_it_was_meant_to_come() -> None:
    """Coordinated omission would hide the wait of all but one of them."""
    trial = Trial(steady(100.0, 1.0))
    async with trial.begun() as running:
        await pause(0.2)
        trial.ward.may.clear()
        await pause(0.5)
        trial.ward.may.set()
        await running
    spread = trial.recorder.spreads()[END_TO_END]
    assert spread.count == 100
    assert spread.most > 400
    late = [ms for ms in (spread.p50, spread.p90) if ms > 50]
    assert late, "half of the arrivals came during the pause, and waited 250 ms on average"


def test_what_is_meant_to_come_has_the_time_of_the_parties_clock() -> None:
    began_at = datetime(2021, 4, 12, 12, tzinfo=UTC)
    assert Watch(began_at).moment(90.0) == began_at + timedelta(seconds=90)
    assert Watch(began_at, rate=60.0).moment(90.0) == began_at + timedelta(minutes=90)
    assert Watch(began_at, rate=0.0).moment(90.0) == began_at, "a stepped one stands still meanwhile"


async def test_without_a_rate_never_more_than_so_many_are_ahead() -> None:
    trial = Trial(Schedule(2_000, warm_up_count=500, patience_seconds=1.0))
    most = 0

    async with trial.begun() as running:
        while not running.done():
            most = max(most, trial.recorder.lag)
            await pause(0.001)
        await running
    assert trial.recorder.registered == trial.recorder.sent == 2_500
    assert 0 < most <= 300 + trial.numbers.at_once
    assert trial.recorder.zero < trial.recorder.last_registered_at
    assert trial.recorder.registered_since_zero == trial.recorder.spreads()[END_TO_END].count == 2_000, (
        "without the warm-up"
    )


async def test_without_a_rate_a_few_are_measured_as_many_are() -> None:
    trial = Trial(Schedule(10, warm_up_count=500, patience_seconds=1.0))
    await trial.execute()
    assert trial.recorder.registered == 510
    assert trial.recorder.registered_since_zero == trial.recorder.spreads()[END_TO_END].count == 10


async def test_without_a_rate_it_may_be_for_a_time() -> None:
    trial = Trial(Schedule(10_000_000, warm_up_count=100, seconds=0.5, patience_seconds=1.0))
    await trial.execute()
    assert trial.recorder.registered == trial.recorder.sent > 100
    assert 0.45 <= trial.recorder.last_registered_at - trial.recorder.zero < 5.0, "the last arrival came before the end"
    assert (trial.run.was_stopped, trial.run.gave_up) == (False, False)


async def test_a_run_that_is_stopped_waits_for_what_was_sent() -> None:
    trial = Trial(steady(100.0, 60.0))
    async with trial.begun() as running:
        await pause(0.3)
        trial.run.stop()
        await asyncio.wait_for(running, 5.0)
    assert 0 < trial.recorder.sent < 100
    assert trial.recorder.registered == trial.recorder.sent
    assert (trial.run.was_stopped, trial.run.gave_up) == (True, False)


@pytest.mark.parametrize("twice", [True, False], ids=["stopped twice", "nothing moves"])
async def test_a_ward_that_registers_nothing_is_not_waited_for_for_ever(twice: bool) -> None:
    trial = Trial(steady(100.0, 0.5) if twice else steady(100.0, 0.2))
    trial.ward.may.clear()
    async with trial.begun() as running:
        if twice:
            await pause(0.2)
            trial.run.stop()
            trial.run.stop()
            assert not trial.run.gave_up, "one Ctrl-C, delivered twice"
            await pause(1.1 * ONE_STOP_SECONDS)
            trial.run.stop()
        await asyncio.wait_for(running, 5.0)
    assert trial.run.gave_up
    assert trial.recorder.lag == trial.recorder.sent > 0


async def test_what_was_there_before_and_what_others_send_is_not_counted() -> None:
    trial = Trial(steady(100.0, 0.3))
    await trial.bus.create_topics([TopicSpec(TOPIC, 4, 3600.0)])
    await trial.bus.produce([Record(TOPIC, "before", b"", ())])
    assert await trial.follower.begin() == 1
    async with trial.begun() as running:
        await trial.bus.produce([Record(TOPIC, "another's", b"", ())])
        await running
    assert trial.recorder.registered == trial.recorder.sent == 30
