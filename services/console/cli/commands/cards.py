"""`sansha cards`: the test cards of a running stack."""

from __future__ import annotations

import typer
from rich.markup import escape
from rich.table import Table

from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.cards import published_cards

app = typer.Typer(add_completion=False)


@app.command()
def cards(port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """List the test cards by name, BRAND/OUTCOME, for: sansha pay BARCODE --card NAME."""
    named = on_stack(published_cards, port_base)
    if as_json:
        emit([{"name": name, **card.model_dump(mode="json")} for name, card in named.items()])
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, card in named.items():
        table.add_row(name, escape(card.story))
    out.print(table)
