"""Options that `sansha load receipts` and `sansha load payments` share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from services.console.cli.options import a_duration
from services.console.cli.output import fail
from services.console.load.arrivals import Shape

DEFAULT_COUNT: Final = 50_000


def check(rate: float | None, as_fast_as_possible: bool, duration: float | None, count: int | None) -> None:
    """Fails for options that exclude each other."""
    if rate is not None and as_fast_as_possible:
        fail("give either --rate R or --max")
    if duration is not None and count is not None:
        fail("give either --duration or --count")


Rate = Annotated[
    float | None,
    typer.Option("--rate", min=0.1, max=1_000_000, metavar="R", help="Arrivals per second, at the peak of the shape."),
]
Max = Annotated[bool, typer.Option("--max", help="Send as fast as the ward registers (the default).")]
Duration = Annotated[
    float | None,
    typer.Option("--duration", parser=a_duration, metavar="DURATION", help="How long to send, like 30s or 5m."),
]
Count = Annotated[
    int | None,
    typer.Option("--count", min=1, max=5_000_000, metavar="N", help="How many to send, instead of --duration."),
]
ShapeOption = Annotated[
    Shape, typer.Option("--shape", help="How the rate changes over time; due-date-peak is the day of a due date.")
]
WarmUp = Annotated[
    float,
    typer.Option(
        "--warm-up",
        parser=a_duration,
        metavar="DURATION",
        show_default="5s",
        help="Send at --rate this long before measuring.",
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="URL",
        envvar="SANSHA_BUS_URL",
        help="Bus of a running stack: embedded:FOLDER or kafka://HOST:PORT. Without it, a new stack is started.",
    ),
]
Group = Annotated[str, typer.Option("--group", help="Consumer group of the ward.")]
Thresholds = Annotated[
    Path | None,
    typer.Option(
        "--thresholds",
        dir_okay=False,
        exists=True,
        metavar="FILE.toml",
        help="Bounds on figures: exit with 1 if one is missed.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option("--report", dir_okay=False, metavar="FILE.html", help="Write the result as a page; - for stdout."),
]
Patience = Annotated[
    float,
    typer.Option(
        "--patience",
        parser=a_duration,
        metavar="DURATION",
        show_default="30s",
        help="Give up if nothing is registered for this long.",
    ),
]
Sealed = Annotated[
    bool, typer.Option("--sealed", help="Start the new stack sealed. Receipts for a running one are as that one is.")
]
Audit = Annotated[bool, typer.Option("--audit/--no-audit", help="Check the ward's books afterwards.")]
