"""`sansha explore`: the fiscal year under other terms, compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from contracts.bounds import FIRST_DAY, LAST_DAY
from services.console.cli.options import Json
from services.console.cli.output import emit, err, fail, out, write
from services.console.cli.running import log_warnings
from services.console.explore.comparing import CannotCompare, compare
from services.console.explore.comparing import Progress as DaysPlayed
from services.console.explore.measures import Outcome, Spread
from services.console.explore.page import page
from services.console.explore.processors import processors
from services.console.explore.variations import CannotVary, cases, variation
from services.console.explore.years import Crowd

_HEADS = (
    "確認まで\nknown",
    "入金まで\ndeposited",
    "督促状\nreminded",
    "行き違い\ncrossed",
    "収入未済\nowed",
    "未入金\ntransit",
    "入金済\ncash",
)
_FIGURES_WIDTH = 68
_LEGEND = (
    "known, deposited: days after the payment, median and 95th percentile. "
    "owed, transit, cash: mean over all days, in thousands of yen (千円)."
)


app = typer.Typer(add_completion=False)


@app.command()
def explore(
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE,…", help="E.g. closing=15/eom,10/20/eom; repeat it for further dimensions."),
    ] = None,
    payers: Annotated[int, typer.Option(min=1, max=20_000, help="Number of payers; each has nine slips to pay.")] = 200,
    fiscal_year: Annotated[
        int, typer.Option(metavar="YEAR", help="The fiscal year (年度) that begins on 1 April of this year.")
    ] = 2021,
    seed: Annotated[int, typer.Option(min=0, help="Chooses the payers and their habits.")] = 7,
    jobs: Annotated[
        int, typer.Option(min=0, metavar="N", help="Cases to play at the same time; 0 for one per processor.")
    ] = 0,
    html: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE", help="Also write the comparison as a page.")
    ] = None,
    as_json: Json = False,
) -> None:
    """何が変わるか: play the fiscal year under each combination of terms, and compare the outcomes.

    How long until the ward knows of a payment, how long until the money arrives, how many reminders cross a payment?
    A crowd of payers pays through all channels, the same crowd in every case. --vary takes a setting of a party
    (reminder_days=10,20 or card_agent.uc.fee_basis=gross,net), a short name for several settings, or the share of a
    channel among payers.

    Short names: closing (締日 of both card agents), deposit_delay (their 入金, in business days after a closing),
    preliminary_delay (速報 of card, internet banking and convenience store, in days after the payment),
    confirmation_delay (確報 of every channel, in business days), share.CHANNEL (share.card=3%,30%).

    Exits with 1 if the audit of a case finds money that does not add up.
    """
    if not FIRST_DAY.year <= fiscal_year < LAST_DAY.year:
        fail(f"--fiscal-year {fiscal_year} is not from {FIRST_DAY.year} to {LAST_DAY.year - 1}")
    if html is not None and not html.parent.is_dir():
        fail(f"{html.parent} is not a folder; make it, or name another --html file")
    crowd = Crowd(payers, seed, fiscal_year)
    log_warnings()
    try:
        played = cases([variation(text) for text in vary or ()])
        with _progress(len(played), crowd) as progress:
            outcomes = compare(played, crowd, jobs or processors(), progress)
    except (CannotVary, CannotCompare) as wrong:
        fail(str(wrong))
    emit(_document(outcomes, crowd)) if as_json else _print(outcomes, crowd)
    if html is not None:
        write(page(outcomes, crowd).encode(), html, "--html")
        err.print(f"[dim]the page:[/] {escape(str(html))}", soft_wrap=True)
    raise typer.Exit(0 if all(o.conserved for o in outcomes) else 1)


@contextmanager
def _progress(cases: int, crowd: Crowd) -> Iterator[DaysPlayed]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("[dim]remaining[/]"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    ) as bar:
        many = f"{cases} fiscal years" if cases > 1 else "a fiscal year"
        task = bar.add_task(f"{many} of {crowd.payers} payers", total=cases * crowd.days)
        yield lambda days: bar.update(task, completed=days)


def _document(outcomes: Sequence[Outcome], crowd: Crowd) -> dict[str, Any]:
    return {
        "payers": crowd.payers,
        "seed": crowd.seed,
        "fiscal_year": crowd.fiscal_year,
        "from": crowd.first_day,
        "to": crowd.last_day,
        "cases": [
            {**asdict(o), "mean": {of: o.average(of) for of in ("outstanding", "in_transit", "cash")}} for o in outcomes
        ],
    }


def _print(outcomes: Sequence[Outcome], crowd: Crowd) -> None:
    out.print(
        f"[bold]収納のタイミング settlement timing[/] {crowd.first_day} – {crowd.last_day}: {crowd.payers} payers, "
        f"seed {crowd.seed}"
    )
    width = _FIGURES_WIDTH + sum(max(map(cell_len, column)) + 2 for column in zip(*_written(outcomes), strict=True))
    named = out.width >= width
    if not named:
        for n, o in enumerate(outcomes, 1):
            out.print(f"[cyan]{n:>3}[/]  {escape(o.label)}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in _written(outcomes)[0] if named else [""]:
        table.add_column(escape(name), no_wrap=True)
    for head in _HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    for n, o in enumerate(outcomes, 1):
        table.add_row(
            *(map(escape, _written([o])[1]) if named else [f"[cyan]{n:>3}[/]"]),
            _days(o.visible),
            _days(o.deposited),
            f"{o.reminders:,}",
            f"[red]{o.crossed:,}[/]" if o.crossed else "0",
            *(f"{round(o.average(of) / 1000):,}" for of in ("outstanding", "in_transit", "cash")),
        )
    out.print(table)
    out.print(_LEGEND, style="dim")
    for o in outcomes:
        for note in _notes(o):
            out.print(f"{escape(o.label)}: {note}", soft_wrap=True)


def _written(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """The names of what varies, then the values of each case."""
    names = [*outcomes[0].values] or ["case"]
    return [names, *([*o.values.values()] or [o.label] for o in outcomes)]


def _days(spread: Spread | None) -> str:
    return "–" if spread is None else f"{spread.median:.1f}/{spread.p95:.1f}"


def _notes(o: Outcome) -> Iterator[str]:
    if o.refused:
        yield f"[yellow]{o.refused:,} payments were refused[/]"
    if o.unseen:
        yield f"[yellow]{o.unseen:,} payments are unknown to the ward on the last day[/]"
    if not o.conserved:
        yield "[red]監査 the audit finds money that does not add up[/]"
