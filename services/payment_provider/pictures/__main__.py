"""Reads one picture from stdin, writes its codes to stdout, and exits."""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from services.payment_provider.pictures.bounds import Bounds
from services.payment_provider.pictures.decoding import read

NICENESS = 10
"""The provider's own work comes first."""


def main() -> None:
    """Raises whatever the libraries raise: any exit status but 0 means that the picture was not read."""
    bounds = msgspec.json.decode(sys.argv[1], type=Bounds)
    with suppress(ValueError, OSError):  # on systems without this limit the time limit has to do
        resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
    with suppress(OSError):  # if a container runs out of memory, the kernel kills this process, not the provider
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.nice(NICENESS)
    found = read(sys.stdin.buffer.read(), bounds)
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
