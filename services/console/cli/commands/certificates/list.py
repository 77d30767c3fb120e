"""`sansha certificates list`: for whom, for what, until when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from services.chassis.machine_time import real_now
from services.console.cli.options import Json
from services.console.cli.output import emit, fail, out
from services.console.deployment.certificates import held

app = typer.Typer(add_completion=False)


@app.command()
def certificates(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="The folder of: provision secrets")
    ],
    as_json: Json = False,
) -> None:
    """List the certificates of a folder: for whom, for what, until when.

    Exits with 1 if one has ended.
    """
    try:
        found, now = held(folder), real_now()
    except (OSError, ValueError) as wrong:
        fail(f"the certificates of {folder} cannot be read: {wrong}")
    rows = [
        {
            "file": str(one.file.relative_to(folder)),
            "name": one.about.name,
            "purpose": str(one.about.purpose),
            "hosts": list(one.about.hosts),
            "until": one.about.not_after.isoformat(),
            "days_left": (one.about.not_after - now).days,
            "serial": one.about.serial,
            "sha256": one.about.sha256,
        }
        for one in found
    ]
    if as_json:
        emit(rows)
    else:
        table = Table("file", "for", "purpose", "until", "days left", box=None)
        for row in rows:
            until, left = str(row["until"])[:10], str(row["days_left"])
            table.add_row(str(row["file"]), str(row["name"]), str(row["purpose"]), until, left)
        out.print(table)
    raise typer.Exit(1 if any(one.about.not_after <= now for one in found) else 0)
