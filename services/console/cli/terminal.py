"""`sansha terminal`: the ward's terminal (端末) fetches receipt files; what it received, and what was done at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from contracts import topics
from services.chassis.clock import pause
from services.chassis.identity import random_token
from services.console.cli.options import DEFAULT_PORT_BASE, Json, PortBase, a_day, emit, err, fail, on_stack, out

if TYPE_CHECKING:
    from services.ward.app import Fetched, Settings, Terminal, TerminalKeys

terminal = typer.Typer(no_args_is_help=True, help="端末: the ward's terminal fetches and registers receipt files.")

ON_THE_LINE = "receipt_file_on_the_line"
CENTRE_HOST = "localhost"
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="The latest so many.")]


@terminal.command("pull")
def pull(
    first: Annotated[date | None, typer.Option("--from", parser=a_day, metavar="DAY", help="First day.")] = None,
    last: Annotated[date | None, typer.Option("--to", parser=a_day, metavar="DAY", help="Last day.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was registered before, while it is kept.")] = False,
    patience: Annotated[
        float, typer.Option(min=0, max=36_000, metavar="SECONDS", help="How long to wait for the line.")
    ] = 60.0,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Log in, fetch what is new, register it, delete the temporary copies. Exit 1 where a file is not registered.

    SANSHA_WARD_TERMINAL_URL and the other SANSHA_WARD_TERMINAL_… say where, with which certificate, as whom.
    """
    from services.ward.app import CutOff, NotAdmitted, Terminal

    settings, keys = _settings_and_keys()

    async def work(client: Any) -> Sequence[Fetched]:
        from services.console.stack.desk import HttpDesk

        async with keys.client() as centre:
            device = Terminal(centre, HttpDesk(client), settings.terminal_folder, settings.terminal_user)
            fetched = await device.pull(first, last, again=again)
            return await _waited(client, device, fetched, patience)

    try:
        fetched = on_stack(work, port_base)
    except (CutOff, NotAdmitted) as stopped:
        fail(str(stopped))
    except OSError as unusable:
        fail(f"the terminal's certificate or folder cannot be used ({unusable.strerror or unusable})")
    if as_json:
        emit([_document(one) for one in fetched])
    else:
        _print(fetched)
    raise typer.Exit(0 if all(one.outcome == "registered" for one in fetched) else 1)


def _settings_and_keys() -> tuple[Settings, TerminalKeys]:
    from services.ward.app import Settings, TerminalKeys

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
        fail(f"not set: {', '.join(missing)}; for trying out make them with: sansha terminal certificates FOLDER")
    return s, TerminalKeys(s.terminal_url, s.terminal_user, password, ca, certificate, key)


async def _waited(client: Any, device: Terminal, fetched: Sequence[Fetched], patience: float) -> Sequence[Fetched]:
    """What became of the files once the line has carried them; under a stepped clock nothing is waited for."""
    done = {one.name: one for one in fetched}
    while ends := [one.arrives_at for one in done.values() if one.outcome == ON_THE_LINE and one.arrives_at]:
        status = await client.get(topics.WARD, "/ops/status")
        seconds = _real_seconds(status, max(ends))
        if seconds is None or seconds > patience:
            break
        await pause(seconds + 0.05)
        patience -= seconds + 0.05
        done |= {one.name: one for one in await device.pull()}
    return list(done.values())


def _real_seconds(status: Any, until: Any) -> float | None:
    from contracts.http.service import ServiceStatus

    seen = ServiceStatus.model_validate(status)
    return None if seen.clock_rate == 0 else max(0.0, (until - seen.now).total_seconds() / seen.clock_rate)


def _document(one: Fetched) -> dict[str, Any]:
    arrives_at = None if one.arrives_at is None else one.arrives_at.isoformat()
    shown = {"name": one.name, "outcome": one.outcome, "detail": one.detail}
    return {**shown, "records": one.records, "new": one.new, "arrives_at": arrives_at}


def _print(fetched: Sequence[Fetched]) -> None:
    for one in fetched:
        if one.outcome == "registered":
            told = f"{one.records} records, {one.new} of them new  {one.detail}".rstrip()
            out.print(f"[green]登録 registered[/] {one.name}  {told}")
        else:
            out.print(f"[red]{one.outcome}[/] {one.name}  {escape(one.detail)}", soft_wrap=True)
    if not fetched:
        out.print("nothing new")
    if any(one.outcome == ON_THE_LINE for one in fetched):
        err.print("move a stepped clock on (sansha clock advance), then pull again")


@terminal.command("files")
def files(limit: Limit = 100, port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """What the terminal has received, and what of it is registered."""
    rows = on_stack(lambda client: client.get(topics.WARD, "/terminal/files", limit=limit), port_base)
    if as_json:
        emit(rows)
        return
    for row in rows:
        state = (
            f"registered {row['registered_at']}" if row["registered_at"] else f"on the line until {row['arrives_at']}"
        )
        times = f"  received {row['times_received']} times" if row["times_received"] > 1 else ""
        out.print(f"{row['name']}  {row['records']} records  ¥{row['amount']:,}  {row['new']} new  {state}{times}")
    if not rows:
        out.print("no file was received")


@terminal.command("steps")
def steps(limit: Limit = 100, port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """作業記録: what was done at the terminal, from login to the deletion of the temporary copy."""
    rows = on_stack(lambda client: client.get(topics.WARD, "/terminal/steps", limit=limit), port_base)
    if as_json:
        emit(rows)
        return
    for row in reversed(rows):
        out.print(f"{row['at']}  {row['terminal_user']}  {row['step']}  {row['file_name']}  {escape(row['detail'])}")


@terminal.command("accesses")
def accesses(limit: Limit = 100, port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """接続記録: who asked the collection centre for receipt files, when, and what came of it."""
    rows = on_stack(lambda client: client.get(topics.PAYMENT_PROVIDER, "/terminal-accesses", limit=limit), port_base)
    if as_json:
        emit(rows)
        return
    for row in reversed(rows):
        certificate = row["certificate"][:16] or "no certificate"
        out.print(
            f"{row['at']}  {escape(row['terminal_user'])}  {certificate}  {escape(row['what'])}  {row['outcome']}"
        )


@terminal.command("certificates")
def certificates(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="A new folder.")],
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where the collection centre is to listen.")] = 8443,
) -> None:
    """Make an authority, a certificate for each side and a password, for trying out; prints the variables to set."""
    try:
        from trustme import CA
    except ModuleNotFoundError:
        fail("making certificates needs the extra `terminal`: pip install 'sansha[terminal]'")
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as wrong:
        fail(f"{folder} cannot be made ({wrong.strerror}); name a new folder")
    authority = CA(organization_name="sansha trial", organization_unit_name="never for real data")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for side, names in (("centre", (CENTRE_HOST, "127.0.0.1")), ("terminal", ("ward-terminal.invalid",))):
        made = authority.issue_cert(*names)
        made.cert_chain_pems[0].write_to_path(str(folder / f"{side}.pem"))
        made.private_key_pem.write_to_path(str(folder / f"{side}.key"))
        (folder / f"{side}.key").chmod(0o600)
    for line in _variables(folder.resolve(), port, random_token()):
        out.print(line, soft_wrap=True, markup=False)


def _variables(folder: Path, port: int, password: str) -> Sequence[str]:
    return [
        f"export SANSHA_TERMINAL_PASSWORD={password}",
        f"export SANSHA_TERMINAL_CA_FILE={folder / 'ca.pem'}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_PORT={port}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_CERTIFICATE_FILE={folder / 'centre.pem'}",
        f"export SANSHA_PAYMENT_PROVIDER_TERMINAL_KEY_FILE={folder / 'centre.key'}",
        f"export SANSHA_WARD_TERMINAL_URL=https://{CENTRE_HOST}:{port}",
        f"export SANSHA_WARD_TERMINAL_CERTIFICATE_FILE={folder / 'terminal.pem'}",
        f"export SANSHA_WARD_TERMINAL_KEY_FILE={folder / 'terminal.key'}",
    ]
