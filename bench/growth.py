"""`python -m bench.growth`: what a receipt costs a ward by the size of its ledger and the partitions of its receipts
topic.

Ledgers are filled first (`ledger_fill.py`), then measured in turn, in a new process each time, so that a disturbance of
the machine meets all of them. At the end every ledger must be right to the yen.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import text

from bench import ledger_fill
from bench.__main__ import machine
from bench.growth_ward import Place, Registered, Task, bus_of, ward_of
from bench.ledger_fill import Filling
from bench.receipt_files import ROOT
from bench.receipts import WARM_UP, fill, receipt_of
from bench.stack import AT_ONCE
from contracts.topics import RECEIPTS
from services.chassis.database import Database
from services.chassis.identity import chance
from testbed.broker import Broker, running_broker
from testbed.docker_engine import obstacle
from testbed.postgres import PostgresServer, running_postgres

LEAST_SHARE: Final = 0.5
"""The least speed on the largest ledger, as a share of that on one a tenth the size. A tree of ten times the rows is
hardly a level deeper, but each receipt touches more pages that are not cached: that costs some speed, not half."""
POSTGRES_OPTIONS: Final = "-c max_wal_size=4GB"
"""Lets filling go on without checkpoints; all else is the server's default, 128 MB of shared buffers too."""
NewPlace = Callable[[str], Awaitable[Place]]
"""Name of a ledger → the URLs of an empty database and of its bus."""


@dataclass
class Ledger:
    """A ward's database with `rows` receipts in it, and the figures measured on it."""

    rows: int
    partitions: int
    rounds: int
    receipts: int
    """Registered in each round, including those of the warm-up, which are not counted."""
    figures: list[Registered] = field(default_factory=list)
    task: Task = field(init=False)

    @property
    def filling(self) -> Filling:
        return Filling(self.rows, self.rounds * self.receipts)

    @property
    def per_second(self) -> float:
        return sum(f.receipts for f in self.figures) / sum(f.seconds for f in self.figures)

    @property
    def cpu_microseconds(self) -> float:
        """CPU of the ward's process for each receipt."""
        return sum(f.cpu_seconds for f in self.figures) / sum(f.receipts for f in self.figures) * 1e6

    @property
    def resident_megabytes(self) -> float:
        return max(f.resident_megabytes for f in self.figures)

    async def prepare(self, new_place: NewPlace) -> None:
        """Make the database and fill it."""
        place = await new_place(f"rows{self.rows}_partitions{self.partitions}")
        self.task = Task(place, self.partitions, self.receipts)
        async with ward_of(self.task):
            pass  # starting makes tables and topics
        began = time.perf_counter()
        await ledger_fill.fill(place.database_url, self.filling)
        if self.rows:
            print(f"  filled with {self.rows:,} in {time.perf_counter() - began:.0f} s", flush=True)

    async def measure(self, turn: int) -> None:
        """Have a new ward register this round's receipts."""
        unpaid = list(self.filling.unpaid_slips())
        chance(1, "growth").shuffle(unpaid)  # people do not pay in the order of their slips' numbers
        first = turn * self.receipts
        due = enumerate(unpaid[first : first + self.receipts], first)
        async with bus_of(self.task) as bus:
            await fill(bus, [receipt_of(number, yen, n) for n, (number, yen) in due])
        command = (sys.executable, "-m", "bench.growth_ward", msgspec.json.encode(self.task).decode())
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        answer, _ = await process.communicate()
        assert process.returncode == 0, "a ward ended badly"
        self.figures.append(msgspec.json.decode(answer, type=Registered))

    async def check(self) -> None:
        """Raises `AssertionError` if the ledger is not right to the yen."""
        total = self.filling.slips
        database = Database(self.task.place.database_url)
        try:
            async with database.read() as session:
                receipts = (await session.execute(text("SELECT count(*) FROM receipts"))).scalar_one()
                booked = (await session.execute(text("SELECT sum(amount) FROM transfers"))).scalar_one()
                due, received = (await session.execute(text("SELECT sum(amount), sum(received) FROM slips"))).one()
        finally:
            await database.close()
        assert receipts == total, f"{receipts} registered of {total}"
        assert booked == due == received, f"not right to the yen: ¥{booked} booked, ¥{received} received, ¥{due} due"


def too_slow(ledgers: Sequence[Ledger]) -> bool:
    """Whether the largest ledger falls below `LEAST_SHARE` of the next one in size that is not empty."""
    filled = sorted((one for one in ledgers if one.rows), key=lambda one: one.rows)
    return len(filled) > 1 and filled[-1].per_second < LEAST_SHARE * filled[-2].per_second


def table(ledgers: Sequence[Ledger]) -> Iterator[str]:
    """The lines of a table whose ratios are to its first row."""
    yield _line("ledger rows", "partitions", "receipts/s", "ratio", "CPU µs each", "resident MB")
    for one in ledgers:
        ratio = one.per_second / ledgers[0].per_second
        cpu, memory = f"{one.cpu_microseconds:.1f}", f"{one.resident_megabytes:.0f}"
        yield _line(f"{one.rows:,}", str(one.partitions), f"{one.per_second:,.0f}", f"{ratio:.2f}", cpu, memory)


def _line(*cells: str) -> str:
    return "  " + "".join(f"{cell:>13}" for cell in cells)


async def measured(name: str, new_place: NewPlace, options: argparse.Namespace) -> bool:
    """Measure by size and by partitions and print both. Returns whether the largest ledger is fast enough."""
    sizes, smallest = sorted(options.rows), min(options.rows)
    by_rows = [(rows, RECEIPTS.partitions) for rows in sizes]
    by_partitions = [(smallest, partitions) for partitions in sorted(options.partitions)]
    ledgers = {
        of: Ledger(*of, options.rounds, options.receipts + WARM_UP) for of in dict.fromkeys([*by_rows, *by_partitions])
    }
    print(f"\nreceipts registered on {name}, {options.rounds} × {options.receipts:,}, durable commits:", flush=True)
    for ledger in ledgers.values():
        await ledger.prepare(new_place)
    for turn in range(options.rounds):
        for ledger in ledgers.values():
            await ledger.measure(turn)
    for ledger in ledgers.values():
        await ledger.check()
    for some in filter(None, (by_rows, by_partitions)):
        print(*table([ledgers[of] for of in some]), sep="\n", flush=True)
    slow = too_slow([ledgers[of] for of in by_rows])
    if slow:
        print(f"  the largest ledger is below {LEAST_SHARE:.0%} of the next: something grows with it")
    return not slow


def on_servers(broker: Broker, server: PostgresServer) -> NewPlace:
    async def new_place(about: str) -> Place:
        return Place(server.url(await server.make_database(about)), f"kafka://{broker.plain}", f"{about}.")

    return new_place


def embedded(folder: Path) -> NewPlace:
    async def new_place(about: str) -> Place:
        return Place(f"sqlite:///{folder / about}.db", f"embedded:{folder / about}-bus")

    return new_place


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth")
    parser.add_argument("--rows", type=int, nargs="+", default=[0, 1_000_000, 10_000_000], help="receipts in ledgers")
    parser.add_argument(
        "--partitions", type=int, nargs="*", default=[1, 4, 16], help="numbers of partitions of the receipts topic"
    )
    parser.add_argument(
        "--receipts", type=int, default=20_000, help="receipts that each ledger registers in each round"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds")
    parser.add_argument("--on", nargs="+", choices=("servers", "embedded"), default=["servers", "embedded"])
    options = parser.parse_args(given)
    if options.receipts < WARM_UP:
        parser.error(f"--receipts must be at least {WARM_UP}: a ward takes that many at once")
    return options


def main(given: Sequence[str] | None = None) -> int:
    """Print the tables. Returns 1 if a ledger is wrong or the largest is too slow."""
    options = arguments(given)
    if "servers" in options.on and (why := obstacle()):
        print(f"bench: {why}; without one: --on embedded", file=sys.stderr)
        return 1
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    enough = True
    if "servers" in options.on:
        with running_broker(**AT_ONCE) as broker, running_postgres(POSTGRES_OPTIONS) as server:
            enough &= asyncio.run(measured("Kafka + PostgreSQL", on_servers(broker, server), options))
    if "embedded" in options.on:
        with tempfile.TemporaryDirectory(prefix="sansha-bench-") as folder:
            enough &= asyncio.run(measured("the embedded log + SQLite", embedded(Path(folder)), options))
    return 0 if enough else 1


if __name__ == "__main__":
    raise SystemExit(main())
