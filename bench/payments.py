"""Closed payments per second: from the scan, over four parties, until the ward has matched the deposit.

The parties run as processes (`sansha up`); a crowd of payers asks over HTTP. First it pays, until every receipt is
registered; then the stepped clock is advanced past confirmation, closing and deposit, until all is reconciled.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial

import httpx

from bench import cpu
from bench.stages import Seconds, since, stage_seconds
from contracts import topics
from contracts.books import Books
from contracts.parties import PARTIES
from services.console.books.audit import audit
from services.console.payers.cards import card_number
from services.console.stack.clients import StackClient
from testbed.payer_crowd import SEED, Crowd, Order, orders
from testbed.real_stack import RealStack
from testbed.reckoning import EVERYTHING_DEPOSITED

ADVANCE_SECONDS = 1_800.0


class NotRight(Exception):
    """The books do not agree with what was paid; the figures are worthless."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of the run: CPU seconds by process, and seconds of stages by party."""

    name: str
    seconds: float
    cpu: Seconds
    stages: Mapping[str, Seconds]


@dataclass(frozen=True, slots=True)
class Closed:
    """Payments that were all reconciled, and the yen that the audit counted."""

    payments: int
    phases: tuple[Phase, ...]
    yen: int

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)


async def measure_payments(crowd: Crowd, stack: RealStack, count: int, containers: cpu.Gauges) -> Closed:
    """Start the stack, pay and reconcile `count` payments, stop it. Raises `NotRight`."""
    await stack.start()
    try:
        return await _measured(crowd, stack, count, containers)
    finally:
        await stack.close()


async def _measured(crowd: Crowd, stack: RealStack, count: int, containers: cpu.Gauges) -> Closed:
    wanted = await orders(stack, count, _own_means)
    pids = await stack.pids()
    console = cpu.parent_of(pids[topics.WARD])
    processes: cpu.Gauges = {
        name: partial(cpu.of_process, pid) for name, pid in {**pids, topics.CONSOLE: console}.items()
    }
    gauges: cpu.Gauges = {**processes, "payers": time.process_time, **containers}
    phases = (
        await _timed("scan → registered", stack, gauges, _pay(stack, crowd, wanted)),
        await _timed("closing → reconciled", stack, gauges, _advance(stack)),
    )
    return Closed(count, phases, _right_yen(await stack.books(), count))


def _own_means(n: int, insured_number: str) -> str | None:
    """One payer in three uses internet banking, the others each their own card, far below its limit."""
    return None if n % 3 == 2 else card_number(SEED, insured_number)


async def _pay(stack: RealStack, crowd: Crowd, wanted: list[Order]) -> None:
    await crowd.pay(wanted)
    await stack.caught_up()


async def _advance(stack: RealStack) -> None:
    body = {"to": f"{EVERYTHING_DEPOSITED}T00:00:00+09:00", "patience_seconds": ADVANCE_SECONDS}
    async with StackClient(stack.port_base) as client:
        await client.post(topics.CONSOLE, "/clock/advance", body, timeout=ADVANCE_SECONDS)


async def _timed(name: str, stack: RealStack, gauges: cpu.Gauges, work: Awaitable[None]) -> Phase:
    used, stages = cpu.read(gauges), await _stages(stack)
    began = time.perf_counter()
    await work
    seconds = time.perf_counter() - began
    later = await _stages(stack)
    return Phase(name, seconds, since(used, cpu.read(gauges)), {p: since(stages[p], later[p]) for p in PARTIES})


async def _stages(stack: RealStack) -> Mapping[str, Seconds]:
    async with httpx.AsyncClient(auth=stack.as_operator) as http:
        return {p: stage_seconds((await http.get(f"{stack.url(p)}/metrics")).content) for p in PARTIES}


def _right_yen(books: Mapping[str, Books], count: int) -> int:
    """The yen reconciled. Raises `NotRight` unless that is every payment, once, to the yen."""
    found, ward = audit(books), books[topics.WARD]
    settled = set(ward.reconciled)
    reconciled = [line.payment_id for line in ward.lines if line.statement_id in settled]
    if found.findings or found.under_way or found.undeposited_yen:
        first = "; ".join(f.detail for f in found.findings[:3])
        raise NotRight(
            f"{found.under_way} under way, ¥{found.undeposited_yen:,} not deposited; {first or 'no finding'}"
        )
    if not len(set(reconciled)) == len(reconciled) == found.receipts_registered == count:
        raise NotRight(f"{count} paid, {found.receipts_registered} registered, {len(reconciled)} reconciled")
    return found.receipts_yen
