"""`sansha clock show`: what time it is in the stack."""

from __future__ import annotations

import typer

from contracts import topics
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def show(port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """Show what time it is in the stack."""
    answer = on_stack(lambda client: client.get(topics.CONSOLE, "/clock"), port_base)
    kind = {0.0: "stepped", 1.0: "real"}.get(answer["rate"], f"scaled ×{answer['rate']:g}")
    emit(answer) if as_json else out.print(f"{answer['now']}  {kind}")
