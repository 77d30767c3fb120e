"""`sansha slip list`: slips of the ward of a running stack."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from contracts import topics
from contracts.charges import CHARGES
from contracts.vocabulary import ChargeType
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command("list")
def list_slips(
    insured: Annotated[str | None, typer.Option(metavar="NUMBER", help="Only those of this insured person.")] = None,
    unpaid: Annotated[bool, typer.Option("--open", help="Only those with an amount outstanding.")] = False,
    charge: Annotated[ChargeType | None, typer.Option(help="Only those of this charge type (科目).")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, metavar="N", help="List at most this many.")] = 20,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """List slips of the ward of a running stack."""
    parameters: dict[str, Any] = {"limit": limit, "open": unpaid}
    if insured is not None:
        parameters["insured_number"] = insured
    if charge is not None:
        parameters["charge_type"] = charge.value
    slips = on_stack(lambda client: client.get(topics.WARD, "/slips", **parameters), port_base)
    emit(slips) if as_json else out.print(_table(slips))


def _table(slips: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("バーコード barcode", no_wrap=True, min_width=44)
    table.add_column("科目", no_wrap=True)
    table.add_column("納期限 due", no_wrap=True)
    for name in ("金額", "未納 open"):
        table.add_column(name, justify="right", no_wrap=True)
    for s in slips:
        charged = CHARGES[ChargeType(s["charge_type"])].japanese
        table.add_row(s["barcode"] or "-", charged, s["due_on"], f"¥{s['amount']:,}", f"¥{s['outstanding']:,}")
    return table
