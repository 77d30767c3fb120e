"""Input and output of the process that reads a picture."""

from __future__ import annotations

import msgspec

from services.payment_provider.domain.picture import FoundCode


class Bounds(msgspec.Struct, frozen=True):
    """Limits for reading a file."""

    pixels: int
    """Pixels of one picture; a larger one is refused, a PDF's page is drawn smaller."""
    pages: int
    """Pages of a PDF, or frames of a picture."""
    memory_bytes: int
    """Address space of the process that reads it."""


class Reading(msgspec.Struct, frozen=True):
    """The codes found; or in `wrong` a refusal's code, detail and remedy."""

    codes: list[FoundCode] = []
    wrong: tuple[str, str, str] | None = None
