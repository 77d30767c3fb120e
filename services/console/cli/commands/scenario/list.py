"""`sansha scenario list`: every scenario with its story."""

from __future__ import annotations

import typer
from rich.markup import escape
from rich.padding import Padding

from services.console import scenarios
from services.console.cli.options import Json
from services.console.cli.output import emit, out

app = typer.Typer(add_completion=False)


@app.command("list")
def list_scenarios(as_json: Json = False) -> None:
    """List every scenario with its story."""
    if as_json:
        emit([{"name": s.name, "japanese": s.japanese, "story": s.story} for s in scenarios.LIBRARY])
        return
    for one in scenarios.LIBRARY:
        out.print(f"[cyan]{one.name}[/]  {one.japanese}")
        out.print(Padding(escape(one.story), (0, 0, 0, 4)))
    out.print(f"{len(scenarios.LIBRARY)} scenarios; play one with: sansha scenario run NAME", style="dim")
