"""Times on the screen."""

from __future__ import annotations

from datetime import datetime

from contracts.vocabulary import JST


def in_japan(at: datetime) -> str:
    """A time for the screen, in Japan's time."""
    return f"{at.astimezone(JST):%Y-%m-%d %H:%M:%S}"
