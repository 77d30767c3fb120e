"""`sansha load payments`: slips scanned and paid over HTTP, timed until their receipts are registered."""

from __future__ import annotations

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
from services.console.load.arrivals import Shape
from services.console.load.payments import Payments
from services.console.load.trials import Asked, try_payments
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def payments(
    rate: Rate = None,
    as_fast_as_possible: Max = False,
    duration: Duration = None,
    count: Count = None,
    shape: ShapeOption = Shape.CONSTANT,
    warm_up: WarmUp = 5.0,
    bulk: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="Payments per request.")] = 1,
    until_reconciled: Annotated[
        bool,
        typer.Option("--until-reconciled", help="Then advance the stepped clock until all deposits are reconciled."),
    ] = False,
    target: Target = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    group: Group = "ward",
    patience: Patience = 30.0,
    audit: Audit = True,
    sealed: Sealed = False,
    thresholds: Thresholds = None,
    report: Report = None,
    as_json: Json = False,
) -> None:
    """納付: pay slips over HTTP, and time them until the ward has registered their receipts.

    Ctrl-C ends the run early, and still reports.
    """
    check(rate, as_fast_as_possible, duration, count)
    many = count or DEFAULT_COUNT // (1 if bulk > 1 else 10)
    asked = Asked(rate, many, duration, shape, warm_up, group, audit, patience, (), bulk, until_reconciled)
    where = Where(target, port_base, sealed)
    measure(
        Kind(try_payments, Payments.stages),
        asked,
        where,
        Wanted(thresholds, report, as_json),
    )
