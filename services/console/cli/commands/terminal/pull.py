"""`sansha terminal pull`: new receipt files fetched and registered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

from contracts import topics
from contracts.http.service import ServiceStatus
from services.chassis.clock import pause
from services.chassis.sealing.choosing import opener_for
from services.chassis.sealing.port import MissingKeys, Opener
from services.chassis.web.tls import UnusableTls
from services.console.cli.options import Json, PortBase, a_day
from services.console.cli.output import emit, err, fail, out
from services.console.cli.running import on_stack
from services.console.keys import key_folder, keys_file
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.clients import StackClient
from services.console.stack.credentials import data_folder
from services.console.stack.desk import HttpDesk
from services.ward.app import Settings
from services.ward.terminal import CutOff, Fetched, NotAdmitted, Terminal, TerminalKeys

ON_THE_LINE = "receipt_file_on_the_line"
MARGIN_SECONDS = 0.05

app = typer.Typer(add_completion=False)


@app.command()
def pull(
    first: Annotated[
        date | None, typer.Option("--from", parser=a_day, metavar="DAY", help="Only files from this day on.")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", parser=a_day, metavar="DAY", help="Only files up to this day.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also fetch files that are registered already, while the centre holds them.")
    ] = False,
    patience: Annotated[
        float,
        typer.Option(min=0, max=36_000, metavar="SECONDS", help="How long to wait for files still in transmission."),
    ] = 60.0,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Log in, fetch new files, register them, and delete the temporary copies.

    SANSHA_WARD_TERMINAL_URL and the other SANSHA_WARD_TERMINAL_… say where, as whom, and with which certificate.
    Sealed files are opened with the ward's keys (SANSHA_WARD_SEALING_KEYS_FILE).

    Exits with 1 if a file is not registered.
    """
    settings, keys = _settings_and_keys()
    opener = _opener(settings, port_base)

    async def fetch(client: StackClient) -> Sequence[Fetched]:
        async with keys.client() as centre:
            desk = HttpDesk(client)
            device = Terminal(centre, desk, settings.terminal_folder, settings.terminal_user, opener)
            fetched = await device.pull(first, last, again=again)
            return await _arrived(client, device, fetched, patience)

    try:
        fetched = on_stack(fetch, port_base)
    except (CutOff, NotAdmitted) as stopped:
        fail(str(stopped))
    except UnusableTls as unusable:
        fail(str(unusable))
    except OSError as unusable:
        fail(f"the terminal's folder cannot be used ({unusable.strerror or unusable})")
    if as_json:
        emit([_document(one) for one in fetched])
    else:
        _print(fetched)
    raise typer.Exit(0 if all(one.outcome == "registered" for one in fetched) else 1)


def _settings_and_keys() -> tuple[Settings, TerminalKeys]:
    """Fails if a variable is wrong or missing."""
    try:
        s = Settings.from_environment(topics.WARD)
    except ValueError as wrong:
        fail(str(wrong))
    ca, certificate, key = s.terminal_ca_file, s.terminal_certificate_file, s.terminal_key_file
    password = s.terminal_password.get_secret_value()
    if not (s.terminal_url and ca and certificate and key and password):
        names = ("url", "ca_file", "certificate_file", "key_file", "password")
        values = (s.terminal_url, ca, certificate, key, password)
        missing = [f"SANSHA_WARD_TERMINAL_{n.upper()}" for n, v in zip(names, values, strict=True) if not v]
        fail(f"not set: {', '.join(missing)}; for a trial make them with: sansha terminal certificates FOLDER")
    return s, TerminalKeys(s.terminal_url, s.terminal_user, password, ca, certificate, key)


def _opener(settings: Settings, port_base: int) -> Opener:
    """With the ward's keys: those of the settings, or of the stack that `sansha up` runs on these ports."""
    keys = settings.sealing_keys_file
    if keys is None and (data := data_folder(port_base)) is not None:
        found = keys_file(key_folder(data), topics.WARD)
        keys = found if found.exists() else None
    try:
        return opener_for(topics.WARD, keys)
    except MissingKeys as wrong:
        fail(str(wrong))


async def _arrived(
    client: StackClient, device: Terminal, fetched: Sequence[Fetched], patience: float
) -> Sequence[Fetched]:
    """The outcome once the files on the line have arrived. Does not wait under a stepped clock, or beyond `patience`
    seconds.
    """
    done = {one.name: one for one in fetched}
    while ends := [one.arrives_at for one in done.values() if one.outcome == ON_THE_LINE and one.arrives_at]:
        status = ServiceStatus.model_validate(await client.get(topics.WARD, "/ops/status"))
        seconds = _real_seconds(status, max(ends))
        if seconds is None or seconds > patience:
            break
        await pause(seconds + MARGIN_SECONDS)
        patience -= seconds + MARGIN_SECONDS
        done |= {one.name: one for one in await device.pull()}
    return list(done.values())


def _real_seconds(status: ServiceStatus, until: datetime) -> float | None:
    """None if only advancing the clock can bring that time."""
    return None if status.clock_rate == 0 else max(0.0, (until - status.now).total_seconds() / status.clock_rate)


def _document(one: Fetched) -> dict[str, Any]:
    arrives_at = None if one.arrives_at is None else one.arrives_at.isoformat()
    shown = {"name": one.name, "outcome": one.outcome, "detail": one.detail}
    return {**shown, "records": one.records, "new": one.new, "arrives_at": arrives_at}


def _print(fetched: Sequence[Fetched]) -> None:
    for one in fetched:
        if one.outcome == "registered":
            text = f"{one.records} records, {one.new} of them new  {one.detail}".rstrip()
            out.print(f"[green]登録 registered[/] {one.name}  {text}")
        else:
            out.print(f"[red]{one.outcome}[/] {one.name}  {escape(one.detail)}", soft_wrap=True)
    if not fetched:
        out.print("nothing new")
    if any(one.outcome == ON_THE_LINE for one in fetched):
        err.print("advance a stepped clock (sansha clock advance), then pull again")
