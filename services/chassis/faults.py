"""Named points at which a test or a demonstration kills a process.

`SANSHA_CRASH_AT=outbox.sent:3` kills this process (SIGKILL) when it reaches that point for the third time.
Points: `transaction.committed` (effect written, event not sent), `outbox.sent` (event sent, row not deleted),
`wave.committed` (handled, offset not committed), `offsets.committed`; `erasure.made_real` (files written anew and keys
destroyed, the erasure not certified).
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Protocol

POINTS = ("transaction.committed", "outbox.sent", "wave.committed", "offsets.committed")
"""Those that the handling of any event passes."""
ALL_POINTS = (*POINTS, "erasure.made_real")


class Faults(Protocol):
    """Called at each point; may kill the process or raise."""

    def reached(self, point: str) -> None: ...


class NoFaults:
    """The default: nothing happens at any point."""

    def reached(self, point: str) -> None:
        pass


class CrashAt:
    """Kills this process when `point` is reached for the `nth` time."""

    def __init__(self, point: str, nth: int) -> None:
        self._point, self._nth = point, nth
        self._seen: Counter[str] = Counter()

    def reached(self, point: str) -> None:
        self._seen[point] += 1
        if point == self._point and self._seen[point] == self._nth:
            os.kill(os.getpid(), signal.SIGKILL)


def parse(text: str) -> Faults:
    """Read `POINT[:N]`; an empty text means no faults. Raises `ValueError`, which names the known points."""
    if not text:
        return NoFaults()
    point, _, nth = text.partition(":")
    if point not in ALL_POINTS or not (nth or "1").isdigit():
        raise ValueError(f"{text!r} is not POINT[:N] with POINT one of {', '.join(ALL_POINTS)}")
    return CrashAt(point, int(nth or 1))
