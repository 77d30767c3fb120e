"""The number of processors to spread work over."""

from __future__ import annotations

import os


def processors() -> int:
    """The number that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
