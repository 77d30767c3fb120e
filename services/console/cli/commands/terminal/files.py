"""`sansha terminal files`: the receipt files that the terminal has received."""

from __future__ import annotations

import typer

from contracts import topics
from services.console.cli.options import Json, Latest, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def files(limit: Latest = 100, port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """List the files that the terminal has received, and how much of each is registered."""
    rows = on_stack(lambda client: client.get(topics.WARD, "/terminal/files", limit=limit), port_base)
    if as_json:
        emit(rows)
        return
    for row in rows:
        state = (
            f"registered {row['registered_at']}" if row["registered_at"] else f"on the line until {row['arrives_at']}"
        )
        times = f"  received {row['times_received']} times" if row["times_received"] > 1 else ""
        out.print(f"{row['name']}  {row['records']} records  ¥{row['amount']:,}  {row['new']} new  {state}{times}")
    if not rows:
        out.print("no file was received")
