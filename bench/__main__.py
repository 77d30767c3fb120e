"""`python -m bench`: the figures of this machine, now."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import tempfile
from pathlib import Path

from bench.receipts import measure

GOAL_RATIO = 15.0


def main() -> int:
    """Print the figures; 1 where the ratio to the naive peer is under the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--receipts", type=int, default=20_000, help="receipts for our ward")
    parser.add_argument("--naive", type=int, default=1_000, help="receipts for the naive peer")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sansha-bench-") as folder:
        ours, naive = asyncio.run(measure(Path(folder), options.receipts, options.naive))
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}"
    )
    print("receipts registered, embedded log + SQLite, durable commits (synchronous=FULL):")
    for figure in (ours, naive):
        print(f"  {figure.name:45} {figure.receipts:7,} in {figure.seconds:6.2f} s = {figure.per_second:9,.0f} /s")
    ratio = ours.per_second / naive.per_second
    print(f"  ratio {ratio:.1f}× (goal {GOAL_RATIO:.0f}×)")
    return 0 if ratio >= GOAL_RATIO else 1


if __name__ == "__main__":
    raise SystemExit(main())
