"""`sansha load receipts`: receipts published onto the topic, timed until the ward has committed them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.console.cli.commands.load.measuring import Kind, Wanted, Where, measure
from services.console.cli.commands.load.options import (
    DEFAULT_COUNT,
    Audit,
    Count,
    Duration,
    Group,
    Max,
    Patience,
    Rate,
    Report,
    Sealed,
    ShapeOption,
    Target,
    Thresholds,
    WarmUp,
    check,
)
from services.console.cli.options import Json, PortBase
from services.console.cli.output import fail
from services.console.load.arrivals import Shape
from services.console.load.receipts import Receipts
from services.console.load.slips import NoSlips, read_slips
from services.console.load.trials import Asked, try_receipts
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def receipts(
    rate: Rate = None,
    as_fast_as_possible: Max = False,
    duration: Duration = None,
    count: Count = None,
    shape: ShapeOption = Shape.CONSTANT,
    warm_up: WarmUp = 5.0,
    target: Target = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    group: Group = "ward",
    slips: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE.csv",
            help="Slips of any ward to send receipts for: slip_number, amount and barcode.",
        ),
    ] = None,
    patience: Patience = 30.0,
    audit: Audit = True,
    sealed: Sealed = False,
    thresholds: Thresholds = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """収納データ: publish receipts, and time them until the ward has registered them.

    With --target the ward may be any implementation that reads the topic; its HTTP is at --port-base, or on the hosts
    of SANSHA_STACK_HOSTS. Ctrl-C ends the run early, and still reports.
    """
    check(rate, as_fast_as_possible, duration, count)
    try:
        known = () if slips is None else read_slips(slips)
    except NoSlips as wrong:
        fail(str(wrong))
    asked = Asked(rate, count or DEFAULT_COUNT, duration, shape, warm_up, group, audit, patience, known)
    where = Where(target, port_base, sealed)
    measure(
        Kind(try_receipts, Receipts.stages),
        asked,
        where,
        Wanted(thresholds, report, as_json),
    )
