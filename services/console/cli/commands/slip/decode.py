"""`sansha slip decode`: what a barcode says, without a stack."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from contracts.formats import barcode as barcode_format
from contracts.vocabulary import JST, Refusal
from services.chassis.machine_time import real_now
from services.console.cli.options import Json, a_day
from services.console.cli.output import emit, fail, out

app = typer.Typer(add_completion=False)


@app.command()
def decode(
    text: Annotated[str, typer.Argument(metavar="BARCODE", help="44 digits, or a scanner's raw text.")],
    on: Annotated[
        date | None, typer.Option(parser=a_day, metavar="DAY", help="Day of payment; without it, today.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Decode a barcode: 44 digits, or the raw text of a scanner.

    Exits with 1 if the slip cannot be paid that day.
    """
    code = barcode_format.decode(text)
    if isinstance(code, Refusal):
        fail(f"{code.code}: {code.detail}; {code.remedy}")
    refusal = barcode_format.refusal_of(code, on or real_now().astimezone(JST).date())
    document = {
        "issuer": code.issuer,
        "slip_number": code.free_area,
        "reissue": code.reissue,
        "use_by": code.use_by,
        "amount": code.amount,
        "digits": code.digits,
        "human_readable": code.human_readable(),
        "refusal": None if refusal is None else {"code": refusal.code, "detail": refusal.detail},
    }
    if as_json:
        emit(document)
    else:
        table = Table(box=None, show_header=False)
        for name, value in document.items():
            table.add_row(name, escape(str(value)))
        out.print(table)
    raise typer.Exit(0 if refusal is None else 1)
