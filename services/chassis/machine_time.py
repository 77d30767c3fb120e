"""What the machine's clock says: the only module that asks it. Loads no event loop, for commands that need none."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def real_time() -> float:
    """Seconds since 1970 on this machine's clock, for retention and log stamps; never for a decision."""
    return time.time()


def monotonic() -> float:
    """Seconds on a clock that never goes back: for durations."""
    return time.perf_counter()


def real_now() -> datetime:
    """This machine's time, in UTC."""
    return datetime.fromtimestamp(real_time(), UTC)
