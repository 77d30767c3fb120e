"""`sansha dead-letters replay`: an event handled again."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    party: Annotated[str, typer.Argument(metavar="PARTY", help="ward, payment_provider, jcb or uc")],
    letter: Annotated[str, typer.Argument(metavar="ID", help="The id that `sansha dead-letters list` shows.")],
    value: Annotated[str | None, typer.Option(metavar="JSON", help="Handle this corrected event in its place.")] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="With this header in place of the one of that name, e.g. ce_time=…."),
    ] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Handle an event again, in a corrected form if need be."""
    try:
        principal = process_of(party).principal
        corrected = None if value is None else json.loads(value)
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    except ValueError as wrong:
        fail(f"--value is not JSON: {wrong}")
    wanted: dict[str, Any] = {"value": corrected}
    if header:
        wanted["headers"] = dict(map(_named, header))
    path = f"/ops/dead-letters/{quote(letter)}/replay"
    answer = on_stack(lambda client: client.post(principal, path, wanted), port_base)
    emit(answer) if as_json else out.print(f"replayed {answer['event_type']} {answer['id']}")


def _named(text: str) -> tuple[str, str]:
    name, mark, content = text.partition("=")
    if not (name and mark):
        fail(f"--header {text!r} is not NAME=TEXT; write it like ce_time=2021-07-01T09:00:00+09:00")
    return name, content
