"""A picture on stdin, its codes on stdout, and the end: one process for each."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from services.payment_provider.pictures.bounds import Bounds
from services.payment_provider.pictures.decoding import read


def main() -> None:
    """Raises whatever the libraries raise: an exit status other than 0 is an answer too."""
    bounds = msgspec.json.decode(sys.argv[1], type=Bounds)
    with suppress(ValueError, OSError):  # where the system knows no such limit, the time limit has to do
        resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
    with suppress(OSError):  # where memory runs out for all of a container, this process goes, and not the provider
        Path("/proc/self/oom_score_adj").write_text("1000")
    found = read(sys.stdin.buffer.read(), bounds)
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
