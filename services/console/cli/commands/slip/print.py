"""`sansha slip print`: slips on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.console.cli.options import PortBase
from services.console.cli.output import err, write
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.slips import printed

app = typer.Typer(add_completion=False)


@app.command("print")
def print_slips(
    slips: Annotated[list[str], typer.Argument(metavar="SLIP…", help="Slip numbers or barcodes.")],
    to: Annotated[
        Path, typer.Option("--out", dir_okay=False, metavar="FILE.pdf", help="The PDF to write; - for stdout.")
    ] = Path("slips.pdf"),
    port_base: PortBase = DEFAULT_PORT_BASE,
) -> None:
    """Print slips to a PDF, three on a page, each with its GS1-128 barcode.

    A slip above ¥300,000 has no barcode.
    """
    document = on_stack(lambda client: printed(client, slips), port_base)
    write(document, to, "--out")
    if str(to) != "-":
        err.print(f"{len(slips)} slip{'s' * (len(slips) > 1)} printed to {to}")
