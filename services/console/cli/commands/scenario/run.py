"""`sansha scenario run`: a story played, with its timeline."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from contracts.vocabulary import JST
from services.console import scenarios
from services.console.cli.options import Json
from services.console.cli.output import emit, err, fail, out
from services.console.cli.running import run
from services.console.cli.timeline_screen import timeline
from services.console.scenarios.playing import Played, find, play

app = typer.Typer(add_completion=False)


@app.command("run")
def run_scenario(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One of those that `sansha scenario list` shows.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Play every scenario; print one line for each.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Chooses payers, amounts, cards, banks and days.")] = 7,
    as_json: Json = False,
) -> None:
    """Play a scenario and print its timeline.

    Exits with 1 if the outcome differs.
    """
    if (name is None) != every:
        fail("give the NAME of a scenario, or --all")
    try:
        chosen = scenarios.LIBRARY if name is None else (find(name),)
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    played: list[Played] = []
    for one in chosen:
        with err.status(f"playing {one.name}"):
            played.append(run(play(one, seed)))
        if not as_json:
            _print_line(played[-1]) if every else _print_story(played[-1])
    if as_json:
        emit([_document(p) for p in played] if every else _document(played[0]))
    raise typer.Exit(1 if any(p.failure for p in played) else 0)


def _document(played: Played) -> dict[str, Any]:
    return {
        "name": played.scenario.name,
        "seed": played.seed,
        "timeline": [
            {"at": s.at.astimezone(JST).isoformat(), "party": s.party, "event": s.event, "detail": s.detail}
            for s in played.timeline
        ],
        "claims": list(played.claims),
        "failure": played.failure,
    }


def _print_line(played: Played) -> None:
    mark = "[red]✗[/]" if played.failure else "[green]✓[/]"
    out.print(f"{mark} {played.scenario.name}  {played.scenario.japanese}  {len(played.claims)} claims", soft_wrap=True)
    if played.failure:
        out.print(f"  {escape(played.failure)}", soft_wrap=True)


def _print_story(played: Played) -> None:
    one = played.scenario
    out.print(f"[bold]{one.japanese} {one.name}[/]  seed {played.seed}\n{escape(one.story)}\n")
    if played.timeline:
        out.print(timeline(played.timeline))
        out.print("\n甲 the ward  乙 the payment provider  丙 the card agents  演 what the scenario did", style="dim")
    out.print()
    for claim in played.claims:
        out.print(f"[green]✓[/] {escape(claim)}", soft_wrap=True)
    if played.failure:
        out.print(f"[red]✗[/] {escape(played.failure)}", soft_wrap=True)
