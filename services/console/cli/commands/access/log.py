"""`sansha access log`: who saw whose personal data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from contracts import topics
from contracts.access_log import Entry
from services.console.books.access_logs import log_of_stack, to_line
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out, write
from services.console.cli.running import on_stack
from services.console.cli.times import in_japan
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of
from services.console.stack.clients import StackClient

INDENT = 21
MOST_SHOWN = 3

app = typer.Typer(add_completion=False)


@app.command()
def log(
    party: Annotated[str, typer.Option("--party", metavar="PARTY", help="The party whose log it is.")] = topics.WARD,
    whose: Annotated[
        str, typer.Option(metavar="TEXT", help="Only reads of this person, e.g. insured:0000000123 or a slip number.")
    ] = "",
    user: Annotated[str, typer.Option(metavar="USER", help="Only reads by this user.")] = "",
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the whole log, to verify it offline.")
    ] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Show the access log of a party of a running stack.

    Reading it is recorded as well.
    """
    try:
        principal = process_of(party).principal
    except LookupError as unknown:
        fail(str(unknown.args[0]))

    async def read(client: StackClient) -> list[Entry]:
        return [entry async for entry in log_of_stack(client, principal)]

    entries = on_stack(read, port_base)
    if save is not None:
        write("".join(f"{to_line(entry)}\n" for entry in entries).encode(), save, "--save")
        return
    shown = [e for e in entries if (not user or e.access.user == user) and _names(e, whose)]
    if as_json:
        emit([{"number": e.number, **e.access._asdict(), "erased": e.is_erased, "mark": e.mark} for e in shown])
        return
    for entry in shown:
        _print(entry)
    if not shown:
        out.print("no read of personal data is recorded")


def _names(entry: Entry, whose: str) -> bool:
    return any(whose in person for person in entry.access.whose) or (entry.is_erased and not whose)


def _print(entry: Entry) -> None:
    """Three lines: when, by whom and what; whose; why."""
    a = entry.access
    more = f" … {len(a.whose) - MOST_SHOWN} more: --json" if len(a.whose) > MOST_SHOWN else ""
    out.print(f"{in_japan(a.at)}  [bold]{escape(a.user)}[/]  {escape(a.what)}", soft_wrap=True)
    whose = "消去済 erased" if entry.is_erased else ", ".join(a.whose[:MOST_SHOWN]) + more
    for name, said in (("対象者 whose", whose), ("利用目的 why", a.why)):
        out.print(Padding(Text(f"{name}  {said}"), (0, 0, 0, INDENT)))
