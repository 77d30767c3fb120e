"""`python -m bench.stack`: what this machine does on Kafka and PostgreSQL, which it starts in containers."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench import cpu
from bench.__main__ import embedded, machine, printed
from bench.ceilings import consumed_per_second, inserted_per_second
from bench.payments import Closed, NotRight, measure_payments
from bench.peers.faststream_ward import FastStreamWard
from bench.peers.naive import NaiveWard
from bench.receipts import Figure, Measured, measure
from bench.stages import shares
from contracts.parties import PARTIES
from contracts.topics import RECEIPTS
from services.chassis.bus.kafka import KafkaBus
from services.chassis.bus.kafka_options import KafkaOptions
from testbed.broker import Broker, running_broker
from testbed.docker_engine import KAFKA_IMAGE, POSTGRES_IMAGE, obstacle
from testbed.payer_crowd import Crowd
from testbed.postgres import PostgresServer, running_postgres
from testbed.real_stack import RealStack

GOAL_RATIO = 50.0
RECEIPTS_PREFIX = "receipts."
AT_ONCE = {"KAFKA_GROUP_COORDINATOR_APPEND_LINGER_MS": "0"}
"""By default the broker gathers offset commits for 5 ms: a consumer that commits after each event would mostly wait."""


def main() -> int:
    """Print the figures. Returns 1 if an audit is not clean or the ratio to the naive peer is below the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.stack")
    parser.add_argument("--receipts", type=int, default=60_000, help="receipts for our ward")
    parser.add_argument("--naive", type=int, default=2_000, help="receipts for the naive peer")
    parser.add_argument("--faststream", type=int, default=2_000, help="receipts for the FastStream peer")
    parser.add_argument("--faststream-batches", type=int, default=20_000, help="receipts for it with batches")
    parser.add_argument("--payments", type=int, default=2_000, help="payments to close")
    parser.add_argument("--payers", type=int, default=100, help="payers at the same time")
    options = parser.parse_args()
    if why := obstacle():
        print(f"bench: {why}", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory(prefix="sansha-bench-") as folder,
        running_broker(**AT_ONCE) as broker,
        running_postgres() as server,
    ):
        return asyncio.run(Bench(Path(folder), broker, server).run(options))


class Bench:
    """All measurements, on one broker and one server."""

    def __init__(self, folder: Path, broker: Broker, server: PostgresServer) -> None:
        self._folder, self._broker, self._server = folder, broker, server
        self._containers: cpu.Gauges = {
            "kafka": partial(cpu.of_container, broker.container),
            "postgresql": partial(cpu.of_container, server.container),
        }

    async def run(self, options: argparse.Namespace) -> int:
        """The exit status."""
        print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
        print(await self._settings(), flush=True)
        try:
            enough = await self._receipts(options)
            await self._payments(options.payments, options.payers)
        except (AssertionError, NotRight) as wrong:
            print(f"  the audit is not clean, the figures are worthless: {wrong}")
            return 1
        return 0 if enough else 1

    async def _settings(self) -> str:
        shown = {name: (await self._server.execute(f"SHOW {name}"))[0][0] for name in ("fsync", "synchronous_commit")}
        durable = ", ".join(f"{name}={value}" for name, value in shown.items())
        broker = f"acks=all, idempotent, {RECEIPTS.partitions} partitions, offsets committed at once"
        return f"{KAFKA_IMAGE}: {broker}; {POSTGRES_IMAGE}: {durable}"

    async def _url(self, about: str) -> str:
        return self._server.url(await self._server.make_database(about))

    async def _receipts(self, options: argparse.Namespace) -> bool:
        """Whether the ratio to the naive peer reaches the goal."""
        count: int = options.receipts
        bus = KafkaBus(KafkaOptions(self._broker.plain, prefix=RECEIPTS_PREFIX))
        try:
            ours, *peers = await measure(bus, await self._url("ward"), count, await self._peers(bus, options))
            consumed = await consumed_per_second(bus, count)
        finally:
            await bus.close()
        inserted = await inserted_per_second(await self._url("ceiling"), count)
        print("\nreceipts registered on Kafka + PostgreSQL, offsets committed, every ledger right to the yen:")
        print(printed(ours))
        for peer in peers:
            print(f"{printed(peer)}  ratio {ours.per_second / peer.per_second:6.1f}×")
        ratio = ours.per_second / peers[0].per_second
        print(f"  ratio {ratio:.1f}× to the naive peer (goal {GOAL_RATIO:.0f}×)")
        _print_shares(ours)
        _print_ceiling("fetched and not handled", consumed, ours, ours.stages["fetch"])
        _print_ceiling("ledger rows inserted", inserted, ours, ours.statements["insert transfers"])
        compared, _ = await embedded(self._folder, count // 3, 200)
        print(f"  the same ward on the embedded log + SQLite: {compared.per_second:,.0f} /s", flush=True)
        return ratio >= GOAL_RATIO

    async def _peers(self, bus: KafkaBus, options: argparse.Namespace) -> list[Measured]:
        """The naive one first, to which the goal refers."""
        bootstrap = self._broker.plain
        one = FastStreamWard(bootstrap, RECEIPTS_PREFIX, await self._url("faststream"))
        batches = FastStreamWard(bootstrap, RECEIPTS_PREFIX, await self._url("faststream_batches"), batch=True)
        return [
            Measured(NaiveWard(bus, await self._url("naive")), options.naive),
            Measured(one, options.faststream),
            Measured(batches, options.faststream_batches),
        ]

    async def _payments(self, count: int, payers: int) -> None:
        databases = {principal: await self._url(principal) for principal in PARTIES}
        stack = RealStack(self._folder, self._broker.plain, "payments.", databases)
        closed = await measure_payments(Crowd(stack, payers), stack, count, self._containers)
        print(f"\npayments closed: four parties as processes, {payers} payers, cards of both agents, internet banking:")
        for phase in closed.phases:
            print(_line(phase.name, count, phase.seconds), f" {phase.seconds / closed.seconds:.0%} of the time")
        print(_line("scan → reconciled", count, closed.seconds))
        _print_phases(closed)
        print(f"  audit: right to the yen, ¥{closed.yen:,} reconciled, nothing under way", flush=True)


def _line(name: str, count: int, seconds: float) -> str:
    return f"  {name:45} {count:7,} in {seconds:6.2f} s = {count / seconds:9,.0f} /s"


def _print_shares(figure: Figure) -> None:
    print(f"  its time by stage:      {shares(figure.stages, figure.seconds, 'other')}")
    print(f"  its time by statement:  {shares(figure.statements, figure.seconds, 'outside the database')}")


def _print_ceiling(name: str, ceiling: float, ours: Figure, seconds: float) -> None:
    """How much of the ceiling the ward reaches in the stage itself, and over all of its time."""
    alone = ours.receipts / seconds
    reached = f"{alone / ceiling:.0%} while at it, {ours.per_second / ceiling:.0%} with all that it does"
    print(f"  ceiling: {name:24} {ceiling:9,.0f} /s, of which the ward reaches {reached}")


def _print_phases(closed: Closed) -> None:
    """Stages of a party may add up to more than the phase, since its consumer, commands and relay work side by side."""
    cores = os.cpu_count() or 1
    for phase in closed.phases:
        print(f"  {phase.name}, CPU of {cores} cores:  {shares(phase.cpu, cores * phase.seconds, 'others, idle')}")
        for principal, stages in phase.stages.items():
            work = {stage: seconds for stage, seconds in stages.items() if stage != "fetch"}  # mostly a wait for work
            print(f"    {principal:17} CPU {phase.cpu[principal]:5.1f} s   {shares(work, phase.seconds)}")


if __name__ == "__main__":
    raise SystemExit(main())
