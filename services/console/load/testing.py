"""A load test from its first slip to its result."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from contracts import topics
from contracts.http import Environment, SlipView
from contracts.vocabulary import business_date
from services.chassis.clock import pause, real_now
from services.chassis.collector import keep_what_is_loaded
from services.console.clients import Refused, StackClient, Unreachable
from services.console.load.arrivals import Arrivals, Shape
from services.console.load.following import Follower
from services.console.load.parties import Gauge
from services.console.load.places import Place
from services.console.load.receipts import Receipts
from services.console.load.recording import Recorder
from services.console.load.results import AuditFound, LoadResult
from services.console.load.running import Plan, Run, Told, Watch
from services.console.payers import fiscal_year
from services.console.slips import issue_generated

GROUP = topics.WARD
SEED = 7
SLIPS_OF_A_PAYER = 9
SLIPS_AT_ONCE = 10_000
SECONDS_BETWEEN_READINGS = 2.0
LAST_YEAR = 2098
ASSESSED_OTHERWISE = "assessment_exists"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be tested. Without a rate: as fast as the ward registers."""

    rate: float | None = None
    count: int = 50_000
    seconds: float | None = None
    """With a rate, instead of `count`."""
    shape: Shape = Shape.CONSTANT
    warm_up_seconds: float = 5.0
    group: str = GROUP
    """The consumer group of the ward."""
    audited: bool = True

    @property
    def plan(self) -> Plan:
        if self.rate is None:
            return Plan(self.count)
        arrivals = (
            Arrivals.counted(self.shape, self.rate, self.count)
            if self.seconds is None
            else Arrivals(self.shape, self.rate, self.seconds)
        )
        return Plan(arrivals.count, arrivals, self.warm_up_seconds)


class CannotTest(Exception):
    """What is asked for cannot be tested here; the text says why and what would work."""


async def test_receipts(place: Place, asked: Asked, tell: Told) -> LoadResult:
    """Receipts onto the topic until the ward has registered them. Raises `CannotTest`, `Refused`, `Unreachable`."""
    slips = await open_slips(place.client, asked.plan.total)
    recorder, watch = Recorder(Receipts.stages), Watch()
    workload = Receipts(place.bus, slips, recorder, watch)
    follower = Follower(place.bus, topics.RECEIPTS.name, asked.group, workload.intended)
    await _caught_up(follower, asked.group)
    test = LoadTest("receipts", place, asked, Run(asked.plan, workload, follower, recorder, watch), recorder, watch)
    return await test.execute(tell, workload.amounts if asked.audited else None)


async def _caught_up(follower: Follower, group: str) -> None:
    if behind := await follower.begin():
        raise CannotTest(
            f"group {group} has {behind:,} receipts of before to register; wait until it has, or see if its ward runs"
        )


class LoadTest:
    """A run, and what the parties use meanwhile."""

    def __init__(self, name: str, place: Place, asked: Asked, run: Run, recorder: Recorder, watch: Watch) -> None:
        self._name, self._place, self._asked = name, place, asked
        self._run, self._recorder, self._watch = run, recorder, watch
        self._gauge = Gauge(place.client.addresses, topics.PRINCIPALS[:-1])
        self._last_sent_at = 0.0

    async def execute(self, tell: Told, amounts: Mapping[str, int] | None) -> LoadResult:
        """Run it; `amounts`, payment id → yen, is what the ward's books are held against afterwards."""
        keep_what_is_loaded()
        began_at, cpu_before = real_now(), time.process_time()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._run.stop)
        reading = asyncio.create_task(self._read_gauges())
        try:
            await self._run.execute(tell)
        finally:
            reading.cancel()
            await asyncio.wait((reading,))
            loop.remove_signal_handler(signal.SIGINT)
        r = self._recorder
        seconds = max(r.last_registered_at - r.zero, 0.0)
        parties = await self._gauge.used(r.registered)
        await self._gauge.close()
        return LoadResult(
            workload=self._name,
            began_at=began_at.isoformat(timespec="seconds"),
            asked=_told(self._asked),
            environment=await environment(self._place),
            sent=r.sent,
            registered=r.registered,
            seconds=seconds,
            throughput=r.registered_since_zero / seconds if seconds else 0.0,
            latencies=dict(r.spreads()),
            lag_most=max((s.lag for s in r.seconds()), default=r.lag),
            drained_in=max(r.last_registered_at - r.last_sent_at, 0.0),
            parties=parties,
            load_cpu_seconds=time.process_time() - cpu_before,
            each_second=r.seconds(),
            audit=None if amounts is None else await audited(self._place.client, amounts),
            was_stopped=self._run.was_stopped,
        )

    async def _read_gauges(self) -> None:
        """From the beginning of the measured part on."""
        while self._watch.now() < self._recorder.zero:
            await pause(0.02)
        await self._gauge.begin(lambda: self._recorder.registered)
        while True:
            await pause(SECONDS_BETWEEN_READINGS)
            await self._gauge.look()


def _told(asked: Asked) -> dict[str, Any]:
    told = {"rate": asked.rate or "max", "shape": asked.shape.value, "group": asked.group}
    length = {"count": asked.count} if asked.seconds is None else {"seconds": asked.seconds}
    return {**told, **length, "warm_up_seconds": asked.warm_up_seconds}


async def environment(place: Place) -> dict[str, Any]:
    """The machine of the load test, the ward's database and bus, partitions of the topic, replicas of the ward."""
    partitions = len(await place.bus.end_offsets([topics.RECEIPTS.name]))
    found: dict[str, Any] = {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "bus": place.bus.durability(),
        "partitions": partitions,
    }
    with suppress(Refused, Unreachable):  # a ward of one's own tells nothing
        told = Environment.model_validate(await place.client.get(topics.WARD, "/ops/environment"))
        found["ward_database"] = " ".join(f"{name}={value}" for name, value in told.database.items())
        found["ward_replicas"] = len(await place.client.replicas([topics.WARD]))
    return found


async def audited(client: StackClient, amounts: Mapping[str, int]) -> AuditFound | None:
    """The ward's receipts held against what was sent; None where it keeps no books that can be read."""
    registered: Counter[str] = Counter()
    yen = wrong = 0
    try:
        async for payment_id, amount in client.registered_receipts():
            if payment_id in amounts:
                registered[payment_id] += 1
                yen += amount
                wrong += amount != amounts[payment_id]
    except (Refused, Unreachable):
        return None
    return AuditFound(
        sent=len(amounts),
        registered_once=sum(1 for times in registered.values() if times == 1),
        missing=len(amounts) - len(registered),
        twice=sum(1 for times in registered.values() if times > 1),
        wrong_amount=wrong,
        sent_yen=sum(amounts.values()),
        registered_yen=yen,
    )


async def open_slips(client: StackClient, count: int) -> Sequence[SlipView]:
    """So many slips of the ward that nobody has paid, issued where there are not enough."""
    payers, year = -(-count // SLIPS_OF_A_PAYER), fiscal_year(business_date(real_now()))
    found = await _open(client, count)
    while len(found) < count and year < LAST_YEAR:
        try:
            await issue_generated(client, payers, year, SEED)
        except Refused as refused:  # these people were assessed otherwise for that year
            if refused.problem.code != ASSESSED_OTHERWISE:
                raise
        found, year = await _open(client, count), year + 1
    if len(found) < count:
        raise CannotTest(f"the ward has {len(found):,} open slips and issues no more; give --count {len(found):,}")
    return found


async def _open(client: StackClient, count: int) -> list[SlipView]:
    found: list[SlipView] = []
    while len(found) < count:
        behind = {"after": found[-1].slip_number} if found else {}
        page = await client.get(topics.WARD, "/slips", open=True, limit=SLIPS_AT_ONCE, **behind)
        found += map(SlipView.model_validate, page)
        if len(page) < SLIPS_AT_ONCE:
            break
    return found[:count]
