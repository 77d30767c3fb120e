"""CPU seconds of processes and containers, from the kernel and the Docker engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from bench.stages import Seconds

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

Gauges = Mapping[str, Callable[[], float]]
"""Name of a process or container → a function that reads its CPU seconds."""


def read(gauges: Gauges) -> Seconds:
    return {name: gauge() for name, gauge in gauges.items()}


def of_process(pid: int) -> float:
    """Seconds of one process without its children; 0 on a system without `/proc`."""
    fields = _stat(pid)
    return sum(map(int, fields[11:13])) / _TICKS_PER_SECOND if fields else 0.0


def parent_of(pid: int) -> int:
    """The id of the process that started it; 0 on a system without `/proc`."""
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def of_container(container: Container) -> float:
    """Seconds of all processes of a container."""
    found: Any = container.stats(stream=False, one_shot=True)
    return float(found["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def _stat(pid: int) -> list[str]:
    """The fields of `/proc/PID/stat` after the program's name."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return []
