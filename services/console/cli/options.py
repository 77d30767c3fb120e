"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from contracts.bounds import FASTEST_CLOCK, FIRST_DAY, LAST_DAY
from contracts.vocabulary import on_the_clock
from services.chassis.log_levels import LOG_LEVELS, LogLevel, level_named
from services.console.cli.output import fail

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def a_day(text: str | date) -> date:
    """Reads a day; a default is one already."""
    if isinstance(text, date):
        return text
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write it like 2021-08-02") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise typer.BadParameter(f"{text} is out of range; give a day from {FIRST_DAY} to {LAST_DAY}")
    return day


def a_rate(text: str | float) -> float:
    """Reads the rate of a clock, simulated seconds per real one; a default is one already."""
    if isinstance(text, float):
        return text
    kind, _, factor = text.partition(":")
    if text in ("real", "stepped"):
        return 1.0 if text == "real" else 0.0
    try:
        rate = float(factor)
    except ValueError:
        rate = 0.0
    if kind != "scaled" or not 0.0 < rate <= FASTEST_CLOCK:
        raise typer.BadParameter(
            f"{text!r} is not a clock; write real, stepped, or scaled:K with K above 0, e.g. scaled:3600"
        )
    return rate


def a_duration(text: str | float) -> float:
    """Reads `90`, `90s`, `1.5m` or `1h`, in seconds."""
    found = _DURATION.fullmatch(str(text))
    if found is None or not float(found[1]):
        raise typer.BadParameter(f"{text!r} is not a duration; write it like 30s, 5m or 1h")
    return float(found[1]) * _SECONDS[found[2] or ""]


def a_log_level(text: str) -> LogLevel:
    try:
        return level_named(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def clock_start(day: date | None, rate: float) -> datetime | None:
    """Where a new simulated clock starts: midnight of that day. Fails for a day with a real clock."""
    if day is not None and rate == 1.0:
        fail("--from needs a simulated clock; give --clock stepped or --clock scaled:K with it")
    return None if day is None else on_the_clock(day, time(0))


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
PortBase = Annotated[
    int, typer.Option("--port-base", min=1, max=65_000, metavar="PORT", help="First port of the stack.")
]
OnStack = Annotated[bool, typer.Option("--stack", help="Ask a running stack instead of reading a folder.")]
Folder = Annotated[Path, typer.Option("--database-dir", help="Data folder of the stack.", file_okay=False)]
SealedFolder = Annotated[
    bool | None,
    typer.Option(
        "--sealed/--unsealed",
        help="Seal events and receipt files for their readers, or no longer.",
        show_default="as the data folder was before",
    ),
]
Latest = Annotated[
    int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="Show at most this many, the latest.")
]
ClockRate = Annotated[
    float,
    typer.Option(
        "--clock",
        parser=a_rate,
        metavar="real|scaled:K|stepped",
        show_default="real",
        help="How time runs: as on this machine, K times as fast, or only when advanced.",
    ),
]
Level = Annotated[
    LogLevel | None,
    typer.Option(
        "--log-level",
        parser=a_log_level,
        metavar="|".join(LOG_LEVELS),
        show_default="SANSHA_LOG_LEVEL, else info",
        help="Log this and what is worse, on every process; wins over SANSHA_LOG_LEVEL.",
    ),
]
ClockStart = Annotated[
    date | None,
    typer.Option("--from", parser=a_day, metavar="DAY", help="First day of a new simulated clock."),
]
