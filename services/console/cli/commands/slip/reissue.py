"""`sansha slip reissue`: a slip on new paper."""

from __future__ import annotations

from typing import Annotated

import typer

from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.slips import reissue

app = typer.Typer(add_completion=False)


@app.command("reissue")
def reissue_slip(
    number: Annotated[str, typer.Argument(metavar="SLIP", help="Slip number or barcode.")],
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """再発行: replace a slip's paper; its reissue count goes up by one, debt and number stay the same."""
    answer = on_stack(lambda client: reissue(client, number), port_base)
    if as_json:
        emit(answer)
        return
    out.print(f"slip {answer['slip_number']}  reissue {answer['reissue']}  use by {answer['use_by'] or 'any day'}")
    out.print(answer["barcode"] or "no barcode: the amount is above ¥300,000")
    out.print(f"print it with:  sansha slip print {answer['slip_number']}")
