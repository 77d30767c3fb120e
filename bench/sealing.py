"""`python -m bench.sealing`: what sealing costs the ward, in receipts a second, sealed and plain in turn.

One ward registers blocks of receipts, every other one sealed: so what else the machine does meets both alike.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.__main__ import machine
from bench.receipts import NOW, fill, receipts_for, require_right
from contracts import topics
from contracts.events import ReceiptDelivered
from services.chassis.bus.sqlite_log import SqliteLog
from services.chassis.clock import Clock
from services.chassis.collector import keep_what_is_loaded
from services.chassis.service import topic_specs
from services.console.keys import key_settings, make_folder_of_keys, readers_file
from services.ward.app import Settings, Ward, create_app

GOAL_RATIO = 0.9
BLOCK = 2_000
WARM_UP_BLOCKS = 2


@dataclass(frozen=True, slots=True)
class Block:
    """The wall and processor seconds in which `BLOCK` receipts were registered."""

    sealed: bool
    wall: float
    processor: float


def main() -> int:
    """Print rates and median ratios. Returns 1 if the ratio is below the goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.sealing")
    parser.add_argument("--pairs", type=int, default=20, help=f"blocks of {BLOCK:,} receipts of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sansha-bench-") as folder:
        blocks = asyncio.run(_registered(Path(folder), options.pairs))
    print(f"{machine()}; receipts registered, embedded log + SQLite, durable commits, blocks of {BLOCK:,} in turn:")
    for name, sealed in (("plain", False), ("sealed", True)):
        wall, processor = (median(column) for column in zip(*seconds(blocks, sealed=sealed), strict=True))
        print(f"  {name:6} {BLOCK / wall:8,.0f} /s, {processor / BLOCK * 1e6:.1f} µs of processor time a receipt")
    by_wall, by_processor = ratios(blocks)
    print(f"  sealed ÷ plain: {by_wall:.3f} (goal {GOAL_RATIO}), by processor time {by_processor:.3f}")
    return 0 if by_wall >= GOAL_RATIO else 1


def seconds(blocks: Sequence[Block], *, sealed: bool) -> list[tuple[float, float]]:
    return [(block.wall, block.processor) for block in blocks if block.sealed is sealed]


def ratios(blocks: Sequence[Block]) -> tuple[float, float]:
    """Receipts a second sealed ÷ plain, by wall and by processor time: the median over pairs of neighbours."""
    plain, sealed = (seconds(blocks, sealed=kind) for kind in (False, True))
    wall, processor = ([p[n] / s[n] for p, s in zip(plain, sealed, strict=True)] for n in (0, 1))
    return median(wall), median(processor)


async def _registered(folder: Path, pairs: int) -> list[Block]:
    keys = folder / "keys"
    make_folder_of_keys(keys)
    bus = SqliteLog(folder / "bus", durable=True)
    settings = Settings(seed=1, database_url=f"sqlite:///{folder / 'ward'}.db", **key_settings(keys, topics.WARD))
    ward = create_app(settings, bus, Clock.stepped(NOW))
    kinds = [False, True] * WARM_UP_BLOCKS + [False, True, True, False] * -(-pairs // 2)
    try:
        await bus.create_topics(topic_specs())
        await ward.start()
        receipts = await receipts_for(ward, BLOCK * len(kinds))
        keep_what_is_loaded()
        blocks = []
        for number, sealed in enumerate(kinds):
            some = receipts[number * BLOCK : (number + 1) * BLOCK]
            await fill(bus, some, readers_file(keys) if sealed else None)
            blocks.append(await _block(ward, some, sealed=sealed))
        await require_right(ward, receipts)
    finally:
        await ward.close()
        await bus.close()
    return blocks[2 * WARM_UP_BLOCKS :]


async def _block(ward: Ward, receipts: Sequence[ReceiptDelivered], *, sealed: bool) -> Block:
    wall, processor, done = time.perf_counter(), time.process_time(), 0
    while done < len(receipts):
        done += await ward.consumer.handle_next(timeout=1.0)
    return Block(sealed, time.perf_counter() - wall, time.process_time() - processor)


if __name__ == "__main__":
    raise SystemExit(main())
