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
from services.console.cli import books as cli_books
from services.console.cli import deployment as cli_deployment
from services.console.cli import explore as cli_explore
from services.console.cli import load as cli_load
from services.console.cli import notice as cli_notice
from services.console.cli import operations as cli_operations
from services.console.cli import reminders as cli_reminders
from services.console.cli import scenario as cli_scenarios
from services.console.cli import settings as cli_settings
from services.console.cli import settlement as cli_settlement
from services.console.cli import slip as cli_slips
from services.console.cli import terminal as cli_terminal
from services.console.cli.options import (
    DEFAULT_FOLDER,
    DEFAULT_PORT_BASE,
    Folder,
    Json,
    OnStack,
    PortBase,
    a_day,
    emit,
    err,
    fail,
    on_stack,
    out,
    stack_addresses,
)
from services.console.stack.addresses import process_of

MOST_REPLICAS = 9

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


OnRunning = Annotated[
    bool, typer.Option("--stack", help="Play on a running stack: new, its clock stepped, with the same seed.")
]


STORIES_TO_CHOOSE_FROM = 1_000
"""Of so many payments the most telling one is shown."""


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
    on_running: OnRunning = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """A fiscal year: scanned barcode to reconciled deposit, in the one-process sandbox or, with --stack, on a stack."""
    from services.console.cli.report import demo_json, print_demo
    from services.console.demo.year import BadRequest, DemoOptions, DemoResult, run_demo

    if on_running and database_dir is not None:
        fail("give either --stack or --database-dir; a stack has its own databases")
    stories = None if as_json else STORIES_TO_CHOOSE_FROM
    options = DemoOptions(payments, bank, seed, first, last, database_dir, stories)

    def play() -> DemoResult:
        keep_what_is_loaded()
        columns = (SpinnerColumn(), "{task.description}", TimeElapsedColumn())
        with Progress(*columns, console=err, transient=True) as shown:
            task = shown.add_task("issuing slips", total=None)

            def told(done: int, planned: int, at: datetime) -> None:
                shown.update(task, description=f"{at.astimezone(JST):%Y-%m-%d}  {done} of {planned} payments")

            if on_running:
                from services.console.demo.stack_scene import run_demo_on_stack

                done: DemoResult = on_stack(lambda client: run_demo_on_stack(client, options, told), port_base)
                return done
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


def a_start(day: date | None, rate: float) -> datetime | None:
    """Where a new simulated clock starts."""
    if day is not None and rate == 1.0:
        fail("--from needs a simulated clock; give --clock stepped or --clock scaled:K with it")
    return None if day is None else on_the_clock(day, time(0))


def a_number_of_replicas(text: str) -> tuple[str, int]:
    """`PARTY=N` of the command line. Raises `LookupError` for an unknown party."""
    name, _, number = text.partition("=")
    if not number.isdecimal() or not 1 <= int(number) <= MOST_REPLICAS:
        fail(f"--replicas {text!r} says no number from 1 to {MOST_REPLICAS}; write it like ward=2")
    return process_of(name).principal, int(number)


Rate = Annotated[float, typer.Option("--clock", parser=a_rate, metavar="real|scaled:K|stepped", help="How time runs.")]
Start = Annotated[
    date | None, typer.Option("--from", parser=a_day, metavar="DAY", help="Where a new simulated clock starts.")
]


@app.command()
def up(
    database_dir: Folder = DEFAULT_FOLDER,
    clock_mode: Rate = 1.0,
    start: Start = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PARTY", help="Leave a party out; bring your own.")
    ] = None,
    replicas: Annotated[
        list[str] | None,
        typer.Option(metavar="PARTY=N", help="So many processes of a party; further ones at port + 10, + 20, …"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Ids follow from it.")] = None,
    bus: Annotated[
        str, typer.Option(metavar="embedded:[FOLDER]|kafka://HOST:PORT[,…]", help="The event log.")
    ] = "embedded:",
    port_base: PortBase = DEFAULT_PORT_BASE,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """The parties as separate processes on fixed ports, watched and started again when they end. Ctrl-C stops.

    Each has its database in the data folder, or where SANSHA_<PARTY>_DATABASE_URL says, e.g.
    SANSHA_CARD_AGENT_UC_DATABASE_URL=postgresql://…; how to reach a Kafka cluster is in SANSHA_KAFKA_….
    """
    from services.console.stack.clock_authority import ClockOptions
    from services.console.stack.supervisor import CannotStart, Supervisor, UpOptions

    if bus.partition(":")[0] not in ("embedded", "kafka"):
        fail(f"bus {bus!r} is no bus of several processes; give embedded:FOLDER or kafka://HOST:PORT, or leave it out")
    if log_level not in ("debug", "info", "warning", "error"):
        fail(f"log level {log_level!r} is none of debug, info, warning, error")
    try:
        options = UpOptions(
            folder=database_dir,
            port_base=port_base,
            clock=ClockOptions(clock_mode, a_start(start, clock_mode)),
            seed=seed,
            without=frozenset(process_of(name).principal for name in without or ()),
            replicas=dict(a_number_of_replicas(text) for text in replicas or ()),
            bus_url=bus,
            log_level=log_level,
        )
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    try:
        asyncio.run(Supervisor(options, lambda line: err.print(escape(line))).run())
    except CannotStart as wrong:
        fail(str(wrong))
    err.print("stopped; everything is kept, sansha up goes on from here")


@app.command("console")
def console_command(
    clock_mode: Rate = 1.0,
    start: Start = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
) -> None:
    """The clock and the console's HTTP for parties that somebody else starts, e.g. in containers.

    SANSHA_BUS_URL names the bus, SANSHA_STACK_HOSTS where the parties are (ward=HOST,card_agent.jcb=HOST,…); a host
    name may stand for several replicas, and time waits for each of them. Who is not named is on this machine.
    The clock goes on where it stood.
    """
    from services.console.stack.clock_authority import ClockOptions
    from services.console.stack.standalone import ConsoleSettings, serve_console

    addresses, options = stack_addresses(port_base), ClockOptions(clock_mode, a_start(start, clock_mode))
    try:
        settings = ConsoleSettings.from_environment(topics.CONSOLE)
        configure_logging(settings.log_level, topics.CONSOLE)
        if settings.bus_url == "memory:":
            fail("SANSHA_BUS_URL is not set; give kafka://HOST:PORT or embedded:FOLDER")
        asyncio.run(serve_console(settings, options, addresses))
    except ValueError as wrong:
        fail(str(wrong))


@app.command("audit")
def audit_command(
    database_dir: Folder = DEFAULT_FOLDER,
    on_running: OnStack = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """監査: do the parties' books agree, to the yen, and nothing twice? Exit 1 where they do not.

    Read from the databases of a data folder, or with --stack asked of the parties of a running stack.
    """
    from services.console.books.reading import audit_folder, audit_stack
    from services.console.cli.report import findings_json, print_audit

    try:
        found = on_stack(audit_stack, port_base) if on_running else asyncio.run(audit_folder(database_dir))
    except LookupError as missing:
        fail(str(missing.args[0]))
    if as_json:
        names = (
            "receipts_registered",
            "receipts_yen",
            "promised_yen",
            "untold_yen",
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
app.add_typer(cli_reminders.reminders)
app.add_typer(cli_books.books)
app.add_typer(cli_notice.notice, name="notice")
app.add_typer(cli_scenarios.scenario, name="scenario")
app.add_typer(cli_explore.explore)
app.add_typer(cli_load.load, name="load")
app.add_typer(cli_settlement.settlement)
app.add_typer(cli_operations.clock, name="clock")
app.add_typer(cli_operations.letters, name="dead-letters")
app.add_typer(cli_terminal.terminal, name="terminal")
app.add_typer(cli_deployment.deployment)
app.add_typer(cli_settings.settings)
