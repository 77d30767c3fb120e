"""What passes between the provider and the process that reads a picture: its bounds, and what it found."""

from __future__ import annotations

import msgspec

from services.payment_provider.domain.picture import FoundCode


class Bounds(msgspec.Struct, frozen=True):
    """How much of a file is read."""

    pixels: int
    """Of one picture; a larger one is refused, a PDF's page drawn smaller."""
    pages: int
    """Of a PDF, or of a picture with several frames."""
    memory_bytes: int
    """Address space of the process that reads it."""


class Reading(msgspec.Struct, frozen=True):
    """The codes found; or what is wrong with the file (a refusal's code, detail and remedy)."""

    codes: list[FoundCode] = []
    wrong: tuple[str, str, str] | None = None
