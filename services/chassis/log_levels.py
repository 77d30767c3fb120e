"""The levels of the log, as options and variables name them."""

from __future__ import annotations

from typing import Final, Literal, get_args

LogLevel = Literal["debug", "info", "warning", "error"]
LOG_LEVELS: Final[tuple[LogLevel, ...]] = get_args(LogLevel)


def level_named(text: str) -> LogLevel:
    """Reads a level, in small or capital letters. Raises `ValueError` naming the levels."""
    for level in LOG_LEVELS:
        if text.lower() == level:
            return level
    raise ValueError(f"log level {text!r} is none of {', '.join(LOG_LEVELS)}")
