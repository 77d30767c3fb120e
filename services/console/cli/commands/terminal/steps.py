"""`sansha terminal steps`: the terminal's record of work (作業記録)."""

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
def steps(limit: Latest = 100, port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """作業記録: list the work done at the terminal, from login to deletion of the temporary copy."""
    rows = on_stack(lambda client: client.get(topics.WARD, "/terminal/steps", limit=limit), port_base)
    if as_json:
        emit(rows)
        return
    for row in reversed(rows):
        out.print(f"{row['at']}  {row['terminal_user']}  {row['step']}  {row['file_name']}  {escape(row['detail'])}")
