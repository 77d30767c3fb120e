"""`python -m bench`: the figures of this machine, now."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
from pathlib import Path

from bench import receipt_files, receipt_matching, years
from bench.peers.naive import NaiveWard
from bench.receipts import Figure, Measured, measure
from services.chassis.bus.sqlite_log import SqliteLog

GOAL_RATIO = 15.0
YEARS = {150: 1.0, 100_000: 60.0}
"""Card payments in a fiscal year → seconds that it may take."""


def main() -> int:
    """Print the figures; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--receipts", type=int, default=20_000, help="receipts for our ward")
    parser.add_argument("--naive", type=int, default=1_000, help="receipts for the naive peer")
    parser.add_argument("--file-records", type=int, default=1_000_000, help="records of a receipt file; 0 for none")
    parser.add_argument(
        "--years", type=int, nargs="*", default=[*YEARS], metavar="PAYMENTS", help="fiscal years of so many payments"
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
    slow = 0
    if options.years:
        print("a fiscal year in the sandbox, issued slips to reconciled deposits and the audit:")
    for payments in options.years:
        year = years.measure(payments)
        print(year.line(YEARS.get(payments)))
        slow += year.seconds >= YEARS.get(payments, year.seconds + 1)
    return 0 if ratio >= GOAL_RATIO and not slow else 1


async def embedded(folder: Path, receipts: int, naive_receipts: int) -> tuple[Figure, Figure]:
    """(ours, naive) over the embedded log, each on an SQLite file of its own in `folder`."""
    bus = SqliteLog(folder / "bus", durable=True)
    ward, naive = (f"sqlite:///{folder / name}.db" for name in ("ward", "naive"))
    try:
        ours, theirs = await measure(bus, ward, receipts, [Measured(NaiveWard(bus, naive), naive_receipts)])
    finally:
        await bus.close()
    return ours, theirs


def machine() -> str:
    """What it runs on."""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )


def printed(figure: Figure) -> str:
    """A figure as a line."""
    return f"  {figure.name:47} {figure.receipts:7,} in {figure.seconds:6.2f} s = {figure.per_second:9,.0f} /s"


if __name__ == "__main__":
    raise SystemExit(main())
