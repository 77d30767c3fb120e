"""`sansha slip issue`: slips issued at the ward of a running stack."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from contracts.vocabulary import ChargeType
from services.console.cli.options import Json, PortBase, a_day
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.slips import issue_csv, issue_generated, issue_one

app = typer.Typer(add_completion=False)


@app.command()
def issue(
    csv: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="A file with the columns insured_number, levy_year, annual_amount and optionally charge_type.",
        ),
    ] = None,
    generate: Annotated[
        int | None, typer.Option(min=1, max=100_000, metavar="N", help="Generate a year's slips for this many payers.")
    ] = None,
    year: Annotated[
        int, typer.Option(min=2000, max=2098, metavar="YEAR", help="With --generate: the levy year.")
    ] = 2021,
    seed: Annotated[int, typer.Option(help="With --generate: the same seed gives the same slips.")] = 7,
    insured: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Issue one slip (随時) to this insured person.")
    ] = None,
    amount: Annotated[int | None, typer.Option(min=1, metavar="YEN", help="With --insured: the amount.")] = None,
    due: Annotated[
        date | None, typer.Option(parser=a_day, metavar="DAY", help="With --insured: the due date (納期限).")
    ] = None,
    charge: Annotated[
        ChargeType, typer.Option(help="With --generate or --insured: the charge type (科目).")
    ] = ChargeType.CARE_INSURANCE,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Issue slips at the ward of a running stack: from a file, generated from a seed, or a single one."""
    if [csv is not None, generate is not None, insured is not None].count(True) != 1:
        fail("give one of --csv FILE, --generate N, or --insured NUMBER with --amount and --due")
    if csv is not None:
        answer = on_stack(lambda client: issue_csv(client, csv.read_bytes()), port_base)
    elif generate is not None:
        answer = on_stack(lambda client: issue_generated(client, generate, year, seed, charge), port_base)
    elif insured is None or amount is None or due is None:
        fail("--insured needs --amount YEN and --due DAY")
    else:
        answer = on_stack(lambda client: issue_one(client, insured, amount, due, charge), port_base)
    if as_json:
        emit(answer)
    elif "barcode" in answer:
        out.print(f"slip {answer['slip_number']}  ¥{answer['amount']:,}  due {answer['due_on']}")
        out.print(answer["barcode"] or "no barcode: the amount is above ¥300,000")
    else:
        out.print(f"{answer['slips_issued']} slips issued, ¥{answer['amount_levied']:,} levied")
