"""A picture on stdin, its codes on stdout, and the end: one process for each."""

from __future__ import annotations

import resource
import sys
from contextlib import suppress
from typing import Final

import msgspec

from services.payment_provider.pictures.bounds import Bounds
from services.payment_provider.pictures.decoding import read

BYTES_PER_PIXEL: Final = 40
"""Turned, enlarged and as the decoder's own pictures, each in one byte a pixel; and some more."""
BYTES_TO_START: Final = 1_500_000_000
"""Address space of the interpreter and its libraries."""


def main() -> None:
    """Raises whatever the libraries raise: an exit status other than 0 is an answer too."""
    bounds = msgspec.json.decode(sys.argv[1], type=Bounds)
    most = BYTES_TO_START + BYTES_PER_PIXEL * bounds.pixels
    with suppress(ValueError, OSError):  # where the system knows no such limit, the time limit has to do
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    found = read(sys.stdin.buffer.read(), bounds)
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main()
