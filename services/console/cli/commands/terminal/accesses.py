"""`sansha terminal accesses`: the collection centre's record of connections (接続記録)."""

from __future__ import annotations

import typer
from rich.markup import escape

from contracts import topics
from services.console.cli.options import Json, Latest, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def accesses(limit: Latest = 100, port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """接続記録: list requests for files at the collection centre: by whom, when, and the outcome."""
    rows = on_stack(lambda client: client.get(topics.PAYMENT_PROVIDER, "/terminal-accesses", limit=limit), port_base)
    if as_json:
        emit(rows)
        return
    for row in reversed(rows):
        certificate = row["certificate"][:16] or "no certificate"
        out.print(
            f"{row['at']}  {escape(row['terminal_user'])}  {certificate}  {escape(row['what'])}  {row['outcome']}"
        )
