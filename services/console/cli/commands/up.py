"""`sansha up`: run the parties, each as a process."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from services.console.backup.schedule import BackupTerms
from services.console.cli.commands.backup import DEFAULT_TO, BackupEvery, BackupKeep, BackupTo
from services.console.cli.options import (
    ClockRate,
    ClockStart,
    Folder,
    Level,
    PortBase,
    SealedFolder,
    clock_start,
)
from services.console.cli.output import err, fail
from services.console.cli.running import run
from services.console.folder import DEFAULT_FOLDER
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of
from services.console.stack.clock_authority import ClockOptions
from services.console.stack.supervisor import CannotStart, Supervisor, UpOptions

MOST_REPLICAS = 9

app = typer.Typer(add_completion=False)


@app.command()
def up(
    database_dir: Folder = DEFAULT_FOLDER,
    clock_mode: ClockRate = 1.0,
    start: ClockStart = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="PARTY", help="Do not start this party, to run your own in its place.")
    ] = None,
    replicas: Annotated[
        list[str] | None,
        typer.Option(metavar="PARTY=N", help="Run N processes of a party; further ones listen at port + 10, + 20, …"),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Derive all ids from this number.")] = None,
    bus: Annotated[
        str,
        typer.Option(
            metavar="embedded:[FOLDER]|kafka://HOST:PORT[,…]", help="The event log: in a folder, or a Kafka cluster."
        ),
    ] = "embedded:",
    port_base: PortBase = DEFAULT_PORT_BASE,
    open_to_anybody: Annotated[
        bool, typer.Option("--open", help="Ask nobody for a key: for trials on this machine alone.")
    ] = False,
    sealed: SealedFolder = None,
    backup_every: BackupEvery = None,
    backup_to: BackupTo = DEFAULT_TO,
    backup_keep: BackupKeep = 24,
    log_level: Level = None,
) -> None:
    """Start the parties as separate processes on fixed ports, and restart any that ends. Ctrl-C stops them.

    Each party's database is in the data folder, or where SANSHA_<PARTY>_DATABASE_URL points, e.g.
    SANSHA_CARD_AGENT_UC_DATABASE_URL=postgresql://…. SANSHA_KAFKA_… say how to connect to a Kafka cluster.

    Requests need a user's key. The users are made in the data folder (access/), where the commands find theirs. With
    --sealed each party's keys are made there, too (sealing/).
    """
    _require_bus(bus, backed_up=backup_every is not None)
    try:
        options = UpOptions(
            folder=database_dir,
            port_base=port_base,
            clock=ClockOptions(clock_mode, clock_start(start, clock_mode)),
            seed=seed,
            without=frozenset(process_of(name).principal for name in without or ()),
            replicas=dict(_number_of_replicas(text) for text in replicas or ()),
            bus_url=bus,
            log_level=log_level,
            backups=None if backup_every is None else BackupTerms(backup_every, backup_to, backup_keep),
            open=open_to_anybody,
            sealed=sealed,
        )
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    try:
        run(Supervisor(options, lambda line: err.print(escape(line), soft_wrap=True)).run())
    except CannotStart as wrong:
        fail(str(wrong))
    err.print("stopped; all data is saved, sansha up continues from here")


def _require_bus(bus: str, *, backed_up: bool) -> None:
    if bus.partition(":")[0] not in ("embedded", "kafka"):
        fail(f"bus {bus!r} cannot serve several processes; give embedded:FOLDER or kafka://HOST:PORT, or leave it out")
    if backed_up and bus != "embedded:":
        fail(
            "--backup-every backs up databases and log together, and the log is not in the data folder; leave --bus out"
        )


def _number_of_replicas(text: str) -> tuple[str, int]:
    """Reads `PARTY=N`. Raises `LookupError` for an unknown party."""
    name, _, number = text.partition("=")
    if not number.isdecimal() or not 1 <= int(number) <= MOST_REPLICAS:
        fail(f"--replicas {text!r} gives no number from 1 to {MOST_REPLICAS}; write it like ward=2")
    return process_of(name).principal, int(number)
