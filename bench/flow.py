"""`python -m bench.flow`: card payments from the scan until the ward has registered their receipts, per second.

The four parties run as processes (`sansha up`) over the embedded log and SQLite or, with `--stack`, over Kafka and
PostgreSQL in containers; commits are durable. All parts but the scans are load tests, as by `sansha load`:

- many: slips are scanned and paid by bulk requests, as fast as they are registered;
- scans: slips are scanned one by one over HTTP, on 200 connections;
- steady: payments one by one, at a fixed rate;
- with `--receipts`: receipts are put onto the topic at a rate that may exceed what the ward can register.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.__main__ import machine
from contracts.parties import PARTIES
from contracts.percentiles import percentile
from contracts.topics import PAYMENT_PROVIDER
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from services.chassis.bus.port import EventBus
from services.chassis.bus.sqlite_log import SqliteLog
from services.console.load.recording import END_TO_END
from services.console.load.results import LoadResult
from services.console.load.slips import Payable, open_slips
from services.console.load.target import OpenTarget
from services.console.load.trials import Asked, try_payments, try_receipts
from services.console.stack.channels import payers_at
from services.console.stack.clients import StackClient
from testbed.broker import running_broker
from testbed.keep_alive import KeepAlive
from testbed.postgres import running_postgres
from testbed.real_stack import RealStack
from testbed.running_stack import STEPPED, Stack

AT_ONCE: Final = {"KAFKA_GROUP_COORDINATOR_APPEND_LINGER_MS": "0"}
"""By default the broker gathers offset commits for 5 ms: a consumer that commits after each batch would mostly wait."""
ITEMS: Final = 500
SLIPS: Final = 100_000
"""An overload pays these repeatedly."""
PREFIX: Final = "flow."
COUNTED: Final = ("commit", "decode", "produce", "read_outbox")
"""Stages whose number is printed: transactions, batches of events, batches sent, and those read from the outbox."""


def main() -> int:
    """Print the figures. Returns 1 if an audit is not clean."""
    parser = argparse.ArgumentParser(prog="python -m bench.flow")
    parser.add_argument("--payments", type=int, default=20_000, help="paid by bulk requests")
    parser.add_argument("--scans", type=int, default=5_000, help="scanned one by one")
    parser.add_argument("--connections", type=int, default=200, help="number of connections for the scans")
    parser.add_argument("--steady", type=int, default=2_000, help="paid one by one")
    parser.add_argument("--rate", type=int, default=200, help="payments a second when paid one by one")
    parser.add_argument(
        "--receipts", type=int, default=0, help="receipts put onto the topic a second, for a minute: an overload"
    )
    parser.add_argument("--stack", action="store_true", help="Kafka and PostgreSQL in containers")
    options = parser.parse_args()
    kind = "Kafka + PostgreSQL" if options.stack else "embedded"
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}, {kind}")
    return asyncio.run(_run(options))


async def _run(options: argparse.Namespace) -> int:
    results: list[LoadResult] = []
    with tempfile.TemporaryDirectory(prefix="sansha-flow-") as folder:
        async with _running(Path(folder), options.stack) as (stack, bus), StackClient(stack.port_base) as client:
            print("processes:", ", ".join(f"{name} {pid}" for name, pid in (await stack.pids()).items()), flush=True)
            target = OpenTarget(bus, client)
            if options.payments:
                many = Asked(count=options.payments, in_a_request=ITEMS)
                results.append(await _measured("many: scan → registered", target, many))
            if options.scans:
                slips = await open_slips(client, options.scans)
                await _scans(stack, slips, await payers_at(client).consent("gateway"), options.connections)
            if options.steady:
                steady = Asked(rate=options.rate, count=options.steady)
                results.append(await _measured("steady", target, steady))
            if options.receipts:
                overload = Asked(rate=options.receipts, seconds=60.0, slips=await open_slips(client, SLIPS))
                results.append(await _measured("receipts, for a minute", target, overload, try_receipts))
    return 0 if all(result.is_right for result in results) else 1


@asynccontextmanager
async def _running(folder: Path, real: bool) -> AsyncIterator[tuple[Stack, EventBus]]:
    if not real:
        stack = Stack(folder, *STEPPED)
        async with _started(stack, SqliteLog(stack.data / "bus")) as bus:
            yield stack, bus
        return
    with running_broker(**AT_ONCE) as broker, running_postgres() as server:
        databases = {principal: server.url(await server.make_database(principal)) for principal in PARTIES}
        stack = RealStack(folder, broker.plain, PREFIX, databases)
        async with _started(stack, KafkaBus(KafkaOptions(broker.plain, prefix=PREFIX))) as bus:
            yield stack, bus


@asynccontextmanager
async def _started(stack: Stack, bus: EventBus) -> AsyncIterator[EventBus]:
    try:
        await stack.start()
        yield bus
    finally:
        await bus.close()
        await stack.close()


async def _measured(
    name: str, target: OpenTarget, asked: Asked, attempt: Callable[..., Awaitable[LoadResult]] = try_payments
) -> LoadResult:
    r = await attempt(target, asked, lambda _moment: None)
    whole = r.latencies[END_TO_END]
    spread = f"p50 {whole.p50:.1f} ms · p90 {whole.p90:.1f} ms · p99 {whole.p99:.1f} ms"
    _print(name, r.throughput, f"{whole.count:,} in {r.seconds:.1f} s, lag at most {r.lag_most:,}", spread)
    steps = (f"{stage} {s.p50:.1f} {s.p99:.1f}" for stage, s in r.latencies.items() if stage != END_TO_END)
    print(f"{'':26} ms, p50 and p99: {' · '.join(steps)}")
    each = {p: use.cpu_us_per_event for p, use in r.parties.items()} | {"load": 1e6 * r.load_cpu_seconds / r.sent}
    print(f"{'':26} CPU µs each: " + " · ".join(f"{name} {us:.0f}" for name, us in each.items()))
    print(f"{'':26} MB at most: {' · '.join(f'{p} {use.memory_mb:.0f}' for p, use in r.parties.items())}")
    done = (f"{p} {' '.join(f'{use.stage_counts.get(s, 0):.0f}' for s in COUNTED)}" for p, use in r.parties.items())
    print(f"{'':26} {', '.join(COUNTED)}: {' · '.join(done)}", flush=True)
    if not r.is_right:
        print(f"{'':26} NOT RIGHT: {r.unregistered:,} not registered, audit {r.audit}", flush=True)
    return r


async def _scans(stack: Stack, slips: Sequence[Payable], consent: str, connections: int) -> None:
    """Raises `AssertionError` for a refusal."""
    waiting = iter(slips)
    took: list[float] = []

    async def scan() -> None:
        connection = KeepAlive(stack.port(PAYMENT_PROVIDER), stack.key)
        for slip in waiting:
            began = time.perf_counter()
            answer = await connection.post("/scans", {"barcode": slip.barcode, "consent_id": consent}, slip.barcode)
            assert answer.status < 300, answer.body.decode()
            took.append(time.perf_counter() - began)
        connection.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as scanning:
        for _ in range(connections):
            scanning.create_task(scan())
    seconds = time.perf_counter() - began
    spread = " · ".join(f"p{p} {1e3 * percentile(sorted(took), p):.1f} ms" for p in (50, 90, 99))
    _print("scans one by one", len(took) / seconds, f"{len(took):,} in {seconds:.1f} s", spread)


def _print(name: str, a_second: float, length: str, spread: str) -> None:
    print(f"{name:26} {a_second:7,.0f} /s  {spread}  ({length})", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
