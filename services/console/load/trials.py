"""A load test, from the slips it needs to its result."""

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
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from contracts import topics
from contracts.books import ReceiptRow, TransferRow
from contracts.http.service import Environment
from contracts.parties import PARTIES
from contracts.vocabulary import ReceiptKind
from services.chassis.clock import monotonic, pause, real_now
from services.chassis.collector import keep_what_is_loaded
from services.console.books.reading import audit_stack
from services.console.load.arrivals import Arrivals, Shape
from services.console.load.following import Follower, Intended
from services.console.load.parties import Gauge
from services.console.load.payments import Payments, ready_to_pay
from services.console.load.receipts import Receipts
from services.console.load.recording import Recorder
from services.console.load.results import AuditFound, LoadResult
from services.console.load.running import OnMoment, Run, Schedule, Watch
from services.console.load.slips import SEED, Payable, open_slips
from services.console.load.target import OpenTarget
from services.console.stack.clients import Refused, StackClient, Unreachable

GROUP = topics.WARD
IN_TRANSIT = "in_transit_"
"""Prefix of the ward's accounts for receipts that are registered and not yet deposited, one per settler."""
SECONDS_BETWEEN_READINGS = 2.0
MOST_A_SECOND, MOST_AT_MAX = 30_000, 300_000
"""Slips issued beforehand for a run of a given length at full speed: per second, and altogether. Issuing 9,000 takes a
second."""
EVERYTHING_DEPOSITED = timedelta(days=75)
"""After this time a payment is confirmed, closed, deposited and reconciled, under any agent's terms."""
PATIENCE_SECONDS = 1_800.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What to test. Without a rate: as fast as the ward registers."""

    rate: float | None = None
    count: int = 50_000
    seconds: float | None = None
    """Instead of `count`. Without a rate the run ends early if its slips are used up."""
    shape: Shape = Shape.CONSTANT
    warm_up_seconds: float = 5.0
    group: str = GROUP
    """The consumer group of the ward."""
    audited: bool = True
    patience_seconds: float = 30.0
    slips: Sequence[Payable] = ()
    """Receipts only: slips read from a file. If empty, the ward's open slips are used, and more are issued."""
    in_a_request: int = 1
    """Payments only."""
    reconciled: bool = False
    """Payments only: afterwards advance the stepped clock until everything is reconciled."""

    @property
    def schedule(self) -> Schedule:
        if self.rate is None:
            return Schedule(
                self.count if self.seconds is None else min(int(self.seconds * MOST_A_SECOND), MOST_AT_MAX),
                seconds=self.seconds,
                patience_seconds=self.patience_seconds,
            )
        arrivals = (
            Arrivals.counted(self.shape, self.rate, self.count)
            if self.seconds is None
            else Arrivals(self.shape, self.rate, self.seconds)
        )
        return Schedule(arrivals.count, arrivals, self.warm_up_seconds, patience_seconds=self.patience_seconds)


class CannotTest(Exception):
    """This target cannot be tested as asked; the text says why and what would work."""


async def try_receipts(target: OpenTarget, asked: Asked, report: OnMoment) -> LoadResult:
    """Write receipts onto the topic until the ward has registered them.

    Raises `CannotTest`, `NoSlips`, `Refused`, `Unreachable`.
    """
    slips = asked.slips or await open_slips(target.client, asked.schedule.total)
    recorder, watch = Recorder(Receipts.stages), Watch(*await _clock(target.client))
    workload = Receipts(target.bus, target.sealer, slips, recorder, watch)
    follower = await _follower(target, asked, workload.intended, watch)
    test = Trial("receipts", target, asked, Run(asked.schedule, workload, follower, recorder, watch), recorder, watch)
    return await test.execute(report, workload.amounts)


async def try_payments(target: OpenTarget, asked: Asked, report: OnMoment) -> LoadResult:
    """Scan payments over HTTP and wait until their receipts are registered; if asked, until they are reconciled.

    Raises `CannotTest`, `NoSlips`, `PaymentRefused`, `Refused`, `Unreachable`.
    """
    if asked.reconciled and (await target.client.get(topics.CONSOLE, "/clock"))["rate"] != 0.0:
        raise CannotTest("the stack's clock runs by itself; to wait for reconciliation start it with --clock stepped")
    open_ones = await open_slips(target.client, asked.schedule.total)
    slips = await ready_to_pay(target.client, open_ones, SEED, asked.in_a_request)
    recorder, watch = Recorder(Payments.stages), Watch()
    workload = Payments(target.bus, target.client, slips, recorder, watch)
    await workload.begin()
    try:
        follower = await _follower(target, asked, workload.intended, watch)
        run = Run(asked.schedule, workload, follower, recorder, watch)
        result = await Trial("payments", target, asked, run, recorder, watch).execute(report, workload.amounts)
    finally:
        await workload.close()
    if not asked.reconciled or result.unregistered:
        return result
    return msgspec.structs.replace(result, reconciled_in=await _reconciled(target.client))


async def _reconciled(client: StackClient) -> float:
    """Seconds until everything is closed, deposited and reconciled. Raises `CannotTest` if the audit has findings."""
    began = monotonic()
    now = datetime.fromisoformat((await client.get(topics.CONSOLE, "/clock"))["now"])
    body = {"to": (now + EVERYTHING_DEPOSITED).isoformat(), "patience_seconds": PATIENCE_SECONDS}
    await client.post(topics.CONSOLE, "/clock/advance", body, timeout=None)
    seconds = monotonic() - began
    found = await audit_stack(client)
    if found.findings or found.undeposited_yen:
        first = found.findings[0].detail if found.findings else f"¥{found.undeposited_yen:,} is not deposited"
        raise CannotTest(f"after all closings and deposits the audit finds: {first}")
    return seconds


async def _clock(client: StackClient) -> tuple[datetime, float]:
    """The stack's time and its rate; the machine's time if no console answers, as beside another ward."""
    try:
        answer = await client.get(topics.CONSOLE, "/clock")
    except (Refused, Unreachable):
        return real_now(), 1.0
    return datetime.fromisoformat(answer["now"]).astimezone(UTC), answer["rate"]


async def _follower(target: OpenTarget, asked: Asked, intended: Intended, watch: Watch) -> Follower:
    follower = Follower(target.bus, topics.RECEIPTS.name, asked.group, intended, watch.now)
    await _caught_up(follower, asked.group)
    return follower


async def _caught_up(follower: Follower, group: str) -> None:
    if behind := await follower.begin():
        raise CannotTest(
            f"group {group} has {behind:,} earlier receipts to register; wait for it, or check that its ward runs"
        )


class Trial:
    """A run, and what the parties use during it."""

    def __init__(self, name: str, target: OpenTarget, asked: Asked, run: Run, recorder: Recorder, watch: Watch) -> None:
        self._name, self._target, self._asked = name, target, asked
        self._run, self._recorder, self._watch = run, recorder, watch
        self._gauge = Gauge(target.client.addresses, PARTIES)

    async def execute(self, report: OnMoment, amounts: Mapping[str, int]) -> LoadResult:
        """Run it, then compare the ward's books with `amounts` (payment id → yen)."""
        keep_what_is_loaded()
        began_at, cpu_before = real_now(), time.process_time()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._run.stop)
        reading = asyncio.create_task(self._read_gauges())
        try:
            await self._run.execute(report)
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
            asked=_options(self._asked),
            environment=await environment(self._target),
            sent=r.sent,
            registered=r.registered,
            refused=r.refused,
            seconds=seconds,
            throughput=r.registered_since_zero / seconds if seconds else 0.0,
            latencies=dict(r.spreads()),
            behind_most=r.behind_most,
            lag_most=max((s.lag for s in r.seconds()), default=r.lag),
            drained_in=max(r.last_registered_at - r.last_sent_at, 0.0),
            parties=parties,
            load_cpu_seconds=time.process_time() - cpu_before,
            each_second=r.seconds(),
            audit=await audited(self._target.client, amounts) if self._asked.audited else None,
            was_stopped=self._run.was_stopped,
        )

    async def _read_gauges(self) -> None:
        """Read the parties' metrics, from the start of the measured part on."""
        while self._watch.now() < self._recorder.zero:
            await pause(0.02)
        await self._gauge.begin(lambda: self._recorder.registered)
        while True:
            await pause(SECONDS_BETWEEN_READINGS)
            await self._gauge.read()


def _options(asked: Asked) -> dict[str, Any]:
    options: dict[str, Any] = {"rate": asked.rate or "max", "shape": asked.shape.value, "group": asked.group}
    length = {"count": asked.count} if asked.seconds is None else {"seconds": asked.seconds}
    return {**options, **length, "warm_up_seconds": asked.warm_up_seconds}


async def environment(target: OpenTarget) -> dict[str, Any]:
    """The machine, the ward's database, the bus, the topic's partitions and the ward's replicas."""
    partitions = len(await target.bus.end_offsets([topics.RECEIPTS.name]))
    found: dict[str, Any] = {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "bus": target.bus.durability(),
        "partitions": partitions,
    }
    with suppress(Refused, Unreachable):  # another ward may not answer this
        ward = Environment.model_validate(await target.client.get(topics.WARD, "/ops/environment"))
        found["ward_database"] = " ".join(f"{name}={value}" for name, value in ward.database.items())
        found["ward_replicas"] = len(await target.client.replicas([topics.WARD]))
    return found


async def audited(client: StackClient, amounts: Mapping[str, int]) -> AuditFound | None:
    """Compares the receipts registered and booked (収納済未入金) by the ward with those sent; None without books.

    Only the first record (速報) of each payment counts: the one that the test sent or waited for.
    """
    registered: Counter[str] = Counter()
    booked: Counter[str] = Counter()
    try:
        async for kind, row in client.book_rows(topics.WARD):
            match kind, row:
                case "receipts", ReceiptRow(payment_id, ReceiptKind.PRELIMINARY) if payment_id in amounts:
                    registered[payment_id] += 1
                case "transfers", TransferRow(debit, _, yen, payment_id) if payment_id in amounts:
                    booked[payment_id] += yen if debit.startswith(IN_TRANSIT) else 0
    except (Refused, Unreachable):
        return None
    return AuditFound(
        sent=len(amounts),
        registered_once=sum(1 for times in registered.values() if times == 1),
        missing=len(amounts) - len(registered),
        twice=sum(1 for times in registered.values() if times > 1),
        wrong_amount=sum(1 for payment_id in registered if booked[payment_id] != amounts[payment_id]),
        sent_yen=sum(amounts.values()),
        registered_yen=booked.total(),
    )
