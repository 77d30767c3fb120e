"""`sansha clock advance`: time passes on a stepped clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from contracts import topics
from contracts.bounds import wrong_instant
from contracts.vocabulary import JST
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, err, fail, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.clients import StackClient

app = typer.Typer(add_completion=False)


@app.command()
def advance(
    to: Annotated[
        datetime | None,
        typer.Option(
            metavar="TIME",
            help="To this time in Japan, like 2021-08-02 or 2021-08-02T09:00.",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        ),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_600, metavar="N", help="By this many days.")] = None,
    patience: Annotated[
        float, typer.Option(min=0.1, max=3600, metavar="SECONDS", help="How long the parties may take at one instant.")
    ] = 60.0,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Advance a stepped clock, from one due time to the next.

    Exits with 1 if something blocks it, and says what.
    """
    if (to is None) == (days is None):
        fail("give either --to TIME or --days N")
    if to is not None and (wrong := wrong_instant(to.replace(tzinfo=JST))):
        fail(f"--to {wrong}")

    async def move(client: StackClient) -> Any:
        now = datetime.fromisoformat((await client.get(topics.CONSOLE, "/clock"))["now"])
        goal = to.replace(tzinfo=JST) if to is not None else now + timedelta(days=days or 0)
        if wrong := wrong_instant(goal):
            fail(wrong)
        if goal < now:
            fail(f"the clock shows {now:%Y-%m-%dT%H:%M:%S} already and cannot go back; give a later time")
        with err.status(f"advancing to {goal:%Y-%m-%d %H:%M}"):
            wanted = {"to": goal.isoformat(), "patience_seconds": patience}
            return await client.post(topics.CONSOLE, "/clock/advance", wanted, timeout=None)

    answer = on_stack(move, port_base)
    emit(answer) if as_json else out.print(f"{answer['now']}")
