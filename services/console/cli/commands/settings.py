"""`sansha settings`: every variable that a service reads."""

from __future__ import annotations

import typer
from rich.table import Table
from rich.text import Text

from services.console.cli.options import Json
from services.console.cli.output import emit, out
from services.console.deployment.settings_listing import listing

app = typer.Typer(add_completion=False)


@app.command()
def settings(as_json: Json = False) -> None:
    """List every setting with its variable, default and meaning.

    A longer prefix wins: SANSHA_CARD_AGENT_UC_… over SANSHA_CARD_AGENT_… over SANSHA_….
    """
    found = listing()
    if as_json:
        emit({title: [row._asdict() for row in rows] for title, rows in found.items()})
        return
    for title, rows in found.items():
        table = Table("variable", "default", "meaning", box=None, title=title, title_justify="left", pad_edge=False)
        for column in table.columns:
            column.overflow = "fold"
        for row in rows:
            table.add_row(row.variable, Text(row.default or "—"), Text(row.meaning))
        out.print(table)
        out.print()
