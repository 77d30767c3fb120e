"""`sansha scenario`: the library of stories, and playing one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.padding import Padding

from contracts.vocabulary import JST
from services.console.cli.options import Json, emit, err, fail, out

if TYPE_CHECKING:
    from services.console.scenarios.playing import Played

scenario = typer.Typer(no_args_is_help=True, help="シナリオ: stories of the three parties, played in one process.")


@scenario.command("list")
def list_command(as_json: Json = False) -> None:
    """Every scenario, with its story."""
    from services.console.scenarios import LIBRARY

    if as_json:
        emit([{"name": s.name, "japanese": s.japanese, "story": s.story} for s in LIBRARY])
        return
    for one in LIBRARY:
        out.print(f"[cyan]{one.name}[/]  {one.japanese}")
        out.print(Padding(escape(one.story), (0, 0, 0, 4)))
    out.print(f"{len(LIBRARY)} scenarios; play one with: sansha scenario run NAME", style="dim")


@scenario.command("run")
def run_command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of `sansha scenario list`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every scenario, a line each.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Chooses payers, amounts, cards, banks and days.")] = 7,
    as_json: Json = False,
) -> None:
    """Play a story and print its timeline. Exit 1 where what it tells does not come out."""
    from services.console.scenarios import LIBRARY
    from services.console.scenarios.playing import find, play

    if (name is None) != every:
        fail("give the NAME of a scenario, or --all")
    try:
        chosen = LIBRARY if name is None else (find(name),)
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    played: list[Played] = []
    for one in chosen:
        with err.status(f"playing {one.name}"):
            played.append(asyncio.run(play(one, seed)))
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
    from services.console.cli.report import timeline

    one = played.scenario
    out.print(f"[bold]{one.japanese} {one.name}[/]  seed {played.seed}\n{escape(one.story)}\n")
    if played.timeline:
        out.print(timeline(played.timeline))
        out.print("\n甲 the ward  乙 the payment provider  丙 the card agents  演 what was done", style="dim")
    out.print()
    for claim in played.claims:
        out.print(f"[green]✓[/] {escape(claim)}", soft_wrap=True)
    if played.failure:
        out.print(f"[red]✗[/] {escape(played.failure)}", soft_wrap=True)
