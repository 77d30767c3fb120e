"""`python -m bench`: what this machine does, on the embedded log and SQLite."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import receipt_files, receipt_matching, years
from bench.peers.naive import NaiveWard
from bench.receipts import Figure, Measured, measure
from services.chassis.bus.sqlite_log import SqliteLog

GOAL_RATIO = 15.0
YEARS = (1_000, 100_000)
"""Card payments in a fiscal year."""


def main() -> int:
    """Print the figures. Returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--receipts", type=int, default=20_000, help="receipts for our ward")
    parser.add_argument("--naive", type=int, default=1_000, help="receipts for the naive peer")
    parser.add_argument("--file-records", type=int, default=1_000_000, help="records of a receipt file; 0 for none")
    parser.add_argument(
        "--years", type=int, nargs="*", default=[*YEARS], metavar="PAYMENTS", help="fiscal years of this many payments"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sansha-bench-") as folder:
        ours, naive = asyncio.run(embedded(Path(folder), options.receipts, options.naive))
    print(machine())
    print("receipts registered, embedded log + SQLite, durable commits:")
    print(printed(ours), printed(naive), sep="\n")
    ratio = ours.per_second / naive.per_second
    print(f"  ratio {ratio:.1f}× (goal {GOAL_RATIO:.0f}×)")
    if options.file_records:
        print("receipt files (収納データ), one core, bounded memory:")
        with tempfile.TemporaryDirectory(prefix="sansha-bench-") as folder:
            for one in receipt_files.measure(Path(folder), options.file_records):
                print(*one.lines(), sep="\n")
        print("a receipt file matched in the ward's ledger, durable commits, bounded memory:")
        with tempfile.TemporaryDirectory(prefix="sansha-bench-") as folder:
            print(*receipt_matching.measure(Path(folder), options.file_records).lines(), sep="\n")
    grows_little = not options.years or print_years(options.years) <= years.MOST_GROWTH
    return 0 if ratio >= GOAL_RATIO and grows_little else 1


def print_years(sizes: Sequence[int]) -> float:
    """Measure a year of each size; returns how much the cost of a payment grows from the smallest to the largest."""
    print("a fiscal year in the sandbox, issued slips to reconciled deposits and the audit:")
    measured = []
    for payments in sizes:
        measured.append(years.measure(payments))
        print(measured[-1].line(), flush=True)
    growth = years.growth(measured)
    print(f"  cost of a payment in the largest year: {growth:.2f}× of the smallest (goal {years.MOST_GROWTH}×)")
    return growth


async def embedded(folder: Path, receipts: int, naive_receipts: int) -> tuple[Figure, Figure]:
    """Our ward and the naive peer over the embedded log, each on its own SQLite file in `folder`."""
    bus = SqliteLog(folder / "bus", durable=True)
    ward, naive = (f"sqlite:///{folder / name}.db" for name in ("ward", "naive"))
    try:
        ours, theirs = await measure(bus, ward, receipts, [Measured(NaiveWard(bus, naive), naive_receipts)])
    finally:
        await bus.close()
    return ours, theirs


def machine() -> str:
    """Python, cores and architecture."""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )


def printed(figure: Figure) -> str:
    return f"  {figure.name:47} {figure.receipts:7,} in {figure.seconds:6.2f} s = {figure.per_second:9,.0f} /s"


if __name__ == "__main__":
    raise SystemExit(main())
