"""`sansha`: the command line. Every reporting command has `--json`: one document on stdout, progress on stderr.

Exit status: 0 where what the command checks is so, 1 where it is not, 2 for bad input or a stack that is not there.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import date, datetime, time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn

from contracts import topics
from contracts.vocabulary import JST, on_the_clock
from services.chassis.collector import keep_what_is_loaded
from services.chassis.telemetry import configure_logging
from services.console import cli_operations, cli_slips
from services.console.terminal import (
    DEFAULT_FOLDER,
    DEFAULT_PORT_BASE,
    Folder,
    Json,
    PortBase,
    a_day,
    emit,
    err,
    fail,
    out,
)

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")


def _version(asked: bool) -> None:
    if asked:
        out.print(version("sansha"))
        raise typer.Exit


@app.callback()
def sansha(
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """三者 sansha: the three parties of a Japanese municipal payment contract, to test, demonstrate and load-test."""
    configure_logging("warning", topics.CONSOLE)


def main() -> None:
    """The command `sansha`: bad input ends in one clear line and exit status 2."""
    try:
        sys.exit(app(prog_name="sansha", standalone_mode=False))
    except typer.TyperException as wrong:
        said = " ".join(wrong.format_message().split()).rstrip(".")
        if said:  # empty where no command was given: that has shown the help
            err.print(f"[red]sansha:[/] {escape(said)}; see --help", soft_wrap=True)
        sys.exit(2)


@app.command()
def demo(
    payments: Annotated[int, typer.Option(min=0, max=1_000_000, help="Card payments.")] = 150,
    bank: Annotated[int, typer.Option(min=0, max=1_000_000, help="Internet-banking payments.")] = 76,
    seed: Annotated[int, typer.Option(help="Same seed, same story.")] = 7,
    first: Annotated[date, typer.Option("--from", parser=a_day, metavar="DAY", help="First day.")] = date(2021, 4, 1),
    last: Annotated[date, typer.Option("--to", parser=a_day, metavar="DAY", help="Last day.")] = date(2022, 3, 31),
    database_dir: Annotated[
        Path | None, typer.Option(file_okay=False, help="Keep databases and bus in this folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """A fiscal year in the one-process sandbox: scanned barcode to reconciled deposit."""
    from services.console.demo import BadRequest, DemoOptions, DemoResult, run_demo
    from services.console.report import demo_json, print_demo

    options = DemoOptions(payments, bank, seed, first, last, database_dir)

    def play() -> DemoResult:
        keep_what_is_loaded()
        columns = (SpinnerColumn(), "{task.description}", TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as shown:
            task = shown.add_task("issuing slips", total=None)

            def told(done: int, planned: int, at: datetime) -> None:
                if done % 10 == 0:
                    shown.update(task, description=f"{at.astimezone(JST):%Y-%m-%d}  {done} of {planned} payments")

            return asyncio.run(run_demo(options, told))

    try:
        result = play()
    except BadRequest as wrong:
        fail(str(wrong))
    if as_json:
        emit(demo_json(result))
    else:
        print_demo(result, out)
        if database_dir is not None:
            go_on = f"sansha up --clock stepped --database-dir {database_dir}"
            out.print(f"kept in {database_dir}; go on from there with:  {go_on}", soft_wrap=True)
    raise typer.Exit(0 if result.audit.conserved and result.reconciled else 1)


def a_rate(text: str | float) -> float:
    """The rate of a clock of the command line; a default is one already."""
    if isinstance(text, float):
        return text
    kind, _, factor = text.partition(":")
    if text in ("real", "stepped"):
        return 1.0 if text == "real" else 0.0
    try:
        rate = float(factor)
    except ValueError:
        rate = 0.0
    if kind != "scaled" or not 0.0 < rate <= 10_000_000:
        raise typer.BadParameter(
            f"{text!r} is no clock; write real, stepped, or scaled:K with K above 0, e.g. scaled:3600"
        )
    return rate


@app.command()
def up(
    database_dir: Folder = DEFAULT_FOLDER,
    clock_mode: Annotated[
        float, typer.Option("--clock", parser=a_rate, metavar="real|scaled:K|stepped", help="How time runs.")
    ] = 1.0,
    start: Annotated[
        date | None, typer.Option("--from", parser=a_day, metavar="DAY", help="Where a new simulated clock starts.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PARTY", help="Leave a party out; bring your own.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Ids follow from it.")] = None,
    bus: Annotated[str, typer.Option(metavar="embedded:[FOLDER]", help="The event log.")] = "embedded:",
    port_base: PortBase = DEFAULT_PORT_BASE,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """The parties as separate processes on fixed ports, watched and started again when they end. Ctrl-C stops."""
    from services.console.stack import place_of
    from services.console.supervisor import CannotStart, Supervisor, UpOptions

    kind, _, where = bus.partition(":")
    if kind != "embedded":
        fail(f"bus {bus!r} cannot be used by this version; give embedded:FOLDER, or leave it out")
    if log_level not in ("debug", "info", "warning", "error"):
        fail(f"log level {log_level!r} is none of debug, info, warning, error")
    if start is not None and clock_mode == 1.0:
        fail("--from needs a simulated clock; give --clock stepped or --clock scaled:K with it")
    try:
        left_out = frozenset(place_of(name).principal for name in without or ())
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    at = None if start is None else on_the_clock(start, time(0))
    options = UpOptions(
        database_dir, port_base, clock_mode, at, seed, left_out, Path(where) if where else None, log_level
    )
    try:
        asyncio.run(Supervisor(options, lambda line: err.print(escape(line))).run())
    except CannotStart as wrong:
        fail(str(wrong))
    err.print("stopped; everything is kept, sansha up goes on from here")


@app.command("audit")
def audit_command(database_dir: Folder = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """監査: do the parties' databases agree, to the yen, and nothing twice? Exit 1 where they do not."""
    from services.console.auditing import audit_folder
    from services.console.report import findings_json, print_audit

    try:
        found = asyncio.run(audit_folder(database_dir))
    except LookupError as missing:
        fail(str(missing.args[0]))
    if as_json:
        names = (
            "receipts_registered",
            "receipts_yen",
            "promised_yen",
            "deposits_yen",
            "fees_yen",
            "undeposited_yen",
            "under_way",
        )
        emit(
            {name: getattr(found, name) for name in names}
            | {"conserved": found.conserved, "findings": findings_json(found)}
        )
    else:
        print_audit(found, out)
        if found.under_way:
            out.print(f"{found.under_way} payments are under way: their answer is not here yet")
    raise typer.Exit(0 if found.conserved else 1)


app.add_typer(cli_slips.slip, name="slip")
app.add_typer(cli_operations.operations)
app.add_typer(cli_operations.clock, name="clock")
app.add_typer(cli_operations.letters, name="dead-letters")
