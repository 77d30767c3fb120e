"""`sansha slip`: issue slips, list them, print them, read a barcode."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from contracts import topics
from contracts.charges import CHARGES
from contracts.formats import barcode as barcode_format
from contracts.vocabulary import JST, ChargeType, Refusal
from services.chassis.clock import real_now
from services.console.cli.options import DEFAULT_PORT_BASE, Json, PortBase, a_day, emit, err, fail, on_stack, out, write

slip = typer.Typer(no_args_is_help=True, help="納付書: issue slips, list them, print them, read a barcode.")


@slip.command("decode")
def slip_decode(
    text: Annotated[str, typer.Argument(metavar="BARCODE")],
    on: Annotated[
        date | None, typer.Option(parser=a_day, metavar="DAY", help="To be paid on (default: today).")
    ] = None,
    as_json: Json = False,
) -> None:
    """What a barcode says: 44 digits, or the raw text of a scanner. Exit 1 for one that cannot be paid on that day."""
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


@slip.command("issue")
def slip_issue(
    csv: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="insured_number,levy_year,annual_amount[,charge_type]"),
    ] = None,
    generate: Annotated[int | None, typer.Option(min=1, max=100_000, help="Make up this many payers.")] = None,
    year: Annotated[int, typer.Option(min=2000, max=2098, help="Levy year, with --generate.")] = 2021,
    seed: Annotated[int, typer.Option(help="With --generate.")] = 7,
    insured: Annotated[str | None, typer.Option(help="Insured person's number: one slip (随時).")] = None,
    amount: Annotated[int | None, typer.Option(min=1, help="With --insured, in yen.")] = None,
    due: Annotated[date | None, typer.Option(parser=a_day, metavar="DAY", help="With --insured.")] = None,
    charge: Annotated[ChargeType, typer.Option(help="科目, with --generate or --insured.")] = ChargeType.CARE_INSURANCE,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Issue slips at the running ward: from a CSV file, made up from a seed, or one by itself."""
    from services.console.stack.slips import issue_csv, issue_generated, issue_one

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
        out.print(answer["barcode"] or "no barcode is printed above ¥300,000")
    else:
        out.print(f"{answer['slips_issued']} slips issued, ¥{answer['amount_levied']:,} levied")


@slip.command("list")
def slip_list(
    insured: Annotated[str | None, typer.Option(help="Of one insured person.")] = None,
    unpaid: Annotated[bool, typer.Option("--open", help="Only those with something outstanding.")] = False,
    charge: Annotated[ChargeType | None, typer.Option(help="科目: only of this charge type.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """The slips at the running ward."""
    parameters: dict[str, Any] = {"limit": limit, "open": unpaid}
    if insured is not None:
        parameters["insured_number"] = insured
    if charge is not None:
        parameters["charge_type"] = charge.value
    slips = on_stack(lambda client: client.get(topics.WARD, "/slips", **parameters), port_base)
    if as_json:
        emit(slips)
        return
    table = Table(box=None, header_style="dim")
    table.add_column("バーコード barcode", no_wrap=True, min_width=44)
    table.add_column("科目", no_wrap=True)
    table.add_column("納期限 due", no_wrap=True)
    for name in ("金額", "未納 open"):
        table.add_column(name, justify="right", no_wrap=True)
    for s in slips:
        charged = CHARGES[ChargeType(s["charge_type"])].japanese
        table.add_row(s["barcode"] or "-", charged, s["due_on"], f"¥{s['amount']:,}", f"¥{s['outstanding']:,}")
    out.print(table)


@slip.command("print")
def slip_print(
    slips: Annotated[list[str], typer.Argument(metavar="SLIP…", help="Slip numbers, or their barcodes.")],
    to: Annotated[Path, typer.Option("--out", dir_okay=False, help="The PDF; - for stdout.")] = Path("slips.pdf"),
    port_base: PortBase = DEFAULT_PORT_BASE,
) -> None:
    """納付書 on paper: a PDF, three slips a page, each with its GS1-128 barcode. Above ¥300,000 there is none."""
    from services.console.stack.slips import printed

    document = on_stack(lambda client: printed(client, slips), port_base)
    write(document, to, "--out")
    if str(to) != "-":
        err.print(f"{len(slips)} slip{'s' * (len(slips) > 1)} printed to {to}")


@slip.command("reissue")
def slip_reissue(
    number: Annotated[str, typer.Argument(metavar="SLIP", help="Slip number, or its barcode.")],
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """再発行: a slip on new paper, its reissue count one higher; the debt and the slip number stay."""
    from services.console.stack.slips import reissue

    answer = on_stack(lambda client: reissue(client, number), port_base)
    if as_json:
        emit(answer)
        return
    out.print(f"slip {answer['slip_number']}  reissue {answer['reissue']}  use by {answer['use_by'] or 'any day'}")
    out.print(answer["barcode"] or "no barcode is printed above ¥300,000")
    out.print(f"on paper:  sansha slip print {answer['slip_number']}")
