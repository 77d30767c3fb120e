"""`sansha explain`: where a payment is and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import typer
from rich.markup import escape

from contracts.http.service import Explanation, Waiting
from contracts.vocabulary import JST
from services.console.cli.options import Json, PortBase, a_day
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.cli.timeline_screen import timeline
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.timeline import merged_steps

app = typer.Typer(add_completion=False)


@app.command()
def explain(
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="The payment's id.")],
    on: Annotated[
        date | None,
        typer.Option(parser=a_day, metavar="DAY", help="As it stood at the end of this day; without it, now."),
    ] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Show where a payment is, what it waits for, until when, and by which setting or rule.

    A future day is refused, and so is a day before the payment was made.
    """
    parts = on_stack(lambda client: client.explanations(payment, on), port_base)
    steps, waits = merged_steps(parts), _waits(parts)
    if as_json:
        timeline_json = [step.model_dump(mode="json") for step in steps]
        waiting_json = [wait.model_dump(mode="json") for wait in waits]
        emit({"payment_id": payment, "on": on, "timeline": timeline_json, "waiting": waiting_json})
        return
    if on is not None:
        out.print(f"[bold]{on} 終了時点[/] at the end of that day in Japan, or now if it is not over yet")
    out.print(timeline(steps))
    for wait in waits:
        until = f" until {wait.until.astimezone(JST):%Y-%m-%d %H:%M}" if wait.until else ""
        out.print(f"[yellow]待ち waits[/] for {wait.waits_for}{until}: {escape(wait.because)}")
    if not waits:
        out.print("[green]it waits for nothing[/]")


def _waits(parts: Sequence[Explanation]) -> Sequence[Waiting]:
    """In order of time; those without a time only if no other is left."""
    waits = [part.waiting for part in parts if part.waiting]
    return sorted((w for w in waits if w.until), key=lambda w: str(w.until)) or waits
