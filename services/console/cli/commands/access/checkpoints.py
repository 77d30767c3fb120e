"""`sansha access checkpoints`: what the other parties hold of an access log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from contracts import topics
from contracts.access_log import Checkpoint
from contracts.parties import NAMES
from services.console.books.access_logs import checkpoints_of_stack, to_line
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out, write
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of
from services.console.stack.clients import StackClient

app = typer.Typer(add_completion=False)


@app.command()
def checkpoints(
    party: Annotated[str, typer.Option("--party", metavar="PARTY", help="The party whose log it is.")] = topics.WARD,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write them, to verify a saved log offline.")
    ] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """照合点: show what the other parties hold of a party's access log, signed.

    A day with reads of personal data has one; it comes when the day is over.
    """
    try:
        principal = process_of(party).principal
    except LookupError as unknown:
        fail(str(unknown.args[0]))

    async def read(client: StackClient) -> Mapping[str, Sequence[Checkpoint]]:
        return await checkpoints_of_stack(client, principal)

    held = on_stack(read, port_base)
    each = list(dict.fromkeys(checkpoint for of_keeper in held.values() for checkpoint in of_keeper))
    if save is not None:
        write("".join(f"{to_line(checkpoint)}\n" for checkpoint in each).encode(), save, "--save")
    elif as_json:
        emit([{**_document(one), "held_by": _keepers(one, held)} for one in each])
    else:
        out.print(_table(each, held) if each else "no other party holds a checkpoint of this log")


def _keepers(one: Checkpoint, held: Mapping[str, Sequence[Checkpoint]]) -> list[str]:
    return [keeper for keeper, kept in held.items() if one in kept]


def _document(one: Checkpoint) -> dict[str, object]:
    return {"party": one.party, "on": one.on.isoformat(), "number": one.number, "mark": one.mark}


def _table(each: Sequence[Checkpoint], held: Mapping[str, Sequence[Checkpoint]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("照合日 on", "番号 entry", "照合値 mark", "保管者 held by"):
        table.add_column(title, overflow="fold")
    for one in each:
        keepers = ", ".join(NAMES[keeper].short for keeper in _keepers(one, held))
        table.add_row(one.on.isoformat(), f"{one.number:,}", f"{one.mark[:16]}…", keepers)
    return table
