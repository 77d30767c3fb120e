"""`sansha audit`: whether the parties' books agree."""

from __future__ import annotations

import typer

from services.console.books.reading import audit_folder, audit_stack
from services.console.cli.options import Folder, Json, OnStack, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack, run
from services.console.cli.verdict import findings_json, print_verdict
from services.console.folder import DEFAULT_FOLDER
from services.console.stack.addresses import DEFAULT_PORT_BASE

FIGURES = (
    "receipts_registered",
    "receipts_yen",
    "promised_yen",
    "untold_yen",
    "deposits_yen",
    "fees_yen",
    "undeposited_yen",
    "under_way",
)

app = typer.Typer(add_completion=False)


@app.command()
def audit(
    database_dir: Folder = DEFAULT_FOLDER,
    on_running: OnStack = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """監査: check that the parties' books agree, to the yen, and count nothing twice.

    Reads the databases of a data folder, or with --stack asks the parties of a running stack.

    Exits with 1 if the books do not agree.
    """
    try:
        found = on_stack(audit_stack, port_base) if on_running else run(audit_folder(database_dir))
    except LookupError as missing:
        fail(str(missing.args[0]))
    if as_json:
        emit(
            {name: getattr(found, name) for name in FIGURES}
            | {"conserved": found.conserved, "findings": findings_json(found)}
        )
    else:
        print_verdict(found)
        if found.under_way:
            out.print(f"{found.under_way} payments are under way: not answered yet")
    raise typer.Exit(0 if found.conserved else 1)
