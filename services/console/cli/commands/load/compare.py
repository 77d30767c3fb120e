"""`sansha load compare`: two results side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.console.cli.commands.load.result_screen import number
from services.console.cli.options import Json
from services.console.cli.output import emit, fail, out
from services.console.load.comparing import compared, differing
from services.console.load.results import read_result

COLOURS = {"better": "green", "worse": "red"}

app = typer.Typer(add_completion=False)


@app.command()
def compare(
    first: Annotated[
        Path, typer.Argument(metavar="A.json", exists=True, dir_okay=False, help="A result, written with --json.")
    ],
    second: Annotated[
        Path, typer.Argument(metavar="B.json", exists=True, dir_okay=False, help="The result to compare with it.")
    ],
    as_json: Json = False,
) -> None:
    """Compare two results: every figure of both, and the ratio of the second to the first."""
    try:
        a, b = read_result(first), read_result(second)
    except (ValueError, OSError) as wrong:
        fail(str(wrong))
    rows, others = list(compared(a, b)), list(differing(a, b))
    if as_json:
        found = [{**row._asdict(), "ratio": row.ratio, "verdict": row.verdict} for row in rows]
        emit({"figures": found, "differing": [{"name": n, "first": x, "second": y} for n, x, y in others]})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("figure", no_wrap=True)
    for head in (first.stem, second.stem, "ratio"):
        table.add_column(escape(head), justify="right", no_wrap=True)
    table.add_column("")
    for row in rows:
        ratio = "–" if row.ratio is None else f"{row.ratio:.2f}×"
        colour = COLOURS.get(row.verdict, "dim")
        table.add_row(row.figure, number(row.first), number(row.second), ratio, f"[{colour}]{row.verdict}[/]")
    out.print(table)
    for name, x, y in others:
        out.print(f"[dim]{name}: {escape(str(x))} / {escape(str(y))}[/]", soft_wrap=True)
