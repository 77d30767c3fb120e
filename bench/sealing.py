"""`python -m bench.sealing`: what sealing costs the ward, in receipts a second, sealed and plain in turn."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from bench.__main__ import machine
from bench.receipts import Figure, measure
from services.chassis.bus.sqlite_log import SqliteLog
from services.console.keys import make_folder_of_keys

GOAL_RATIO = 0.9


def main() -> int:
    """Print each pair of runs and the median ratio. Returns 1 if it is below the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.sealing")
    parser.add_argument("--receipts", type=int, default=20_000, help="receipts of a run")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each kind")
    options = parser.parse_args()
    print(f"{machine()}; receipts registered, embedded log + SQLite, durable commits:")
    ratios: list[float] = []
    for plain, sealed in pairs(options.pairs, options.receipts):
        ratios.append(sealed.per_second / plain.per_second)
        print(f"  plain {line(plain)}  sealed {line(sealed)}  ratio {ratios[-1]:.3f}", flush=True)
    ratio = median(ratios)
    print(f"  median ratio {ratio:.3f} (goal {GOAL_RATIO})")
    return 0 if ratio >= GOAL_RATIO else 1


def line(figure: Figure) -> str:
    """Receipts a second, and microseconds of the stage in which a receipt is opened and decoded."""
    return f"{figure.per_second:,.0f}/s (decode {figure.stages['decode'] / figure.receipts * 1e6:.1f} µs)"


def pairs(count: int, receipts: int) -> Iterator[tuple[Figure, Figure]]:
    """(plain, sealed) of runs that follow each other; which of the two is first changes from pair to pair."""
    with tempfile.TemporaryDirectory(prefix="sansha-bench-") as name:
        keys = Path(name) / "keys"
        make_folder_of_keys(keys)
        for pair in range(count):
            order = (None, keys) if pair % 2 == 0 else (keys, None)
            by_keys = {one: _run(Path(name) / f"{pair}-{one is None}", receipts, one) for one in order}
            yield by_keys[None], by_keys[keys]


def _run(folder: Path, receipts: int, keys: Path | None) -> Figure:
    folder.mkdir()
    return asyncio.run(_measured(folder / "bus", f"sqlite:///{folder / 'ward'}.db", receipts, keys))


async def _measured(log: Path, ward_url: str, receipts: int, keys: Path | None) -> Figure:
    bus = SqliteLog(log, durable=True)
    try:
        (figure,) = await measure(bus, ward_url, receipts, keys=keys)
    finally:
        await bus.close()
    return figure


if __name__ == "__main__":
    raise SystemExit(main())
