"""`sansha notice write`: a deposit notice as the ward's bank would send it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from contracts.formats.zengin import Kind
from services.console.books.bank_notice import period_of, written
from services.console.books.paid_in import read_paid_in, stack_paid_in
from services.console.cli.options import Folder, OnStack, PortBase, a_day
from services.console.cli.output import err, fail
from services.console.cli.output import write as write_file
from services.console.cli.running import on_stack, run
from services.console.folder import DEFAULT_FOLDER
from services.console.names import NOTICE_NAMES
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def write(
    kind: Annotated[
        Kind, typer.Option(help="01 for transfers received (振込入金通知), 03 for account entries (入出金取引明細).")
    ] = Kind.TRANSFERS_RECEIVED,
    first: Annotated[
        date | None,
        typer.Option("--from", parser=a_day, metavar="DAY", help="First day; without it, that of the first deposit."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=a_day, metavar="DAY", help="Last day; without it, that of the last deposit."),
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    on_running: OnStack = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    to: Annotated[
        Path, typer.Option("--out", dir_okay=False, metavar="FILE", help="The file to write; - for stdout.")
    ] = Path("-"),
) -> None:
    """入金通知: write, as the ward's bank would, the transfers into the ward's account in a period.

    Records have 200 bytes and end in CRLF; kana are half-width, in JIS.

    The deposits are those that card agents and networks made, whatever the ward has recorded: read from the databases
    of a data folder, or with --stack asked of them on a running stack.
    """
    try:
        came = on_stack(stack_paid_in, port_base) if on_running else run(read_paid_in(database_dir))
    except LookupError as missing:
        fail(str(missing.args[0]))
    try:
        period = period_of(came, first, last)
        content = written(kind, period, came)
    except ValueError as impossible:
        fail(str(impossible))
    write_file(content, to, "--out")
    if str(to) == "-":
        return
    within = [d for d in came if period.covers(d.on)]
    what = f"{len(within)} deposit{'s' * (len(within) != 1)}, ¥{sum(d.amount for d in within):,}"
    err.print(f"{NOTICE_NAMES[kind]}: {what}, {period.first} to {period.last}, written to {to}", soft_wrap=True)
