"""`sansha demo`: a fiscal year, played and reported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TimeElapsedColumn
from rich.table import Table

from contracts.vocabulary import JST, Method, Settler
from services.chassis.collector import keep_what_is_loaded
from services.console.cli.options import Json, PortBase, a_day
from services.console.cli.output import emit, err, fail, out
from services.console.cli.running import on_stack, run
from services.console.cli.timeline_screen import timeline
from services.console.cli.verdict import findings_json, print_verdict
from services.console.demo.stack_scene import run_demo_on_stack
from services.console.demo.year import BadRequest, DemoOptions, DemoResult, PaymentStory, run_demo
from services.console.stack.addresses import DEFAULT_PORT_BASE

STORIES_TO_CHOOSE_FROM = 1_000
"""The payment with the longest story is chosen among at most this many."""

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    payments: Annotated[int, typer.Option(min=0, max=1_000_000, help="Number of card payments.")] = 150,
    bank: Annotated[int, typer.Option(min=0, max=1_000_000, help="Number of internet-banking payments.")] = 76,
    seed: Annotated[int, typer.Option(help="The same seed gives the same year.")] = 7,
    first: Annotated[date, typer.Option("--from", parser=a_day, metavar="DAY", help="First day.")] = date(2021, 4, 1),
    last: Annotated[date, typer.Option("--to", parser=a_day, metavar="DAY", help="Last day.")] = date(2022, 3, 31),
    database_dir: Annotated[
        Path | None, typer.Option(file_okay=False, help="Keep databases and event log in this new folder.")
    ] = None,
    on_running: Annotated[
        bool, typer.Option("--stack", help="Play on a new stack that runs with --clock stepped and the same --seed.")
    ] = False,
    sealed: Annotated[bool, typer.Option("--sealed", help="Seal events and files for their readers.")] = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Play a fiscal year, from scanned barcode to reconciled deposit, in one process or on a running stack.

    Exits with 1 if the books do not agree or a deposit is not reconciled.
    """
    if on_running and database_dir is not None:
        fail("give either --stack or --database-dir; a stack has its own databases")
    if on_running and sealed:
        fail("whether a stack seals is said at its start: sansha up --sealed --clock stepped")
    stories = None if as_json else STORIES_TO_CHOOSE_FROM
    options = DemoOptions(payments, bank, seed, first, last, database_dir, stories, sealed)
    try:
        result = _play(options, on_running, port_base)
    except BadRequest as wrong:
        fail(str(wrong))
    if as_json:
        emit(_document(result))
    else:
        _print(result)
        if database_dir is not None:
            go_on = f"sansha up --clock stepped --database-dir {database_dir}"
            out.print(f"saved in {database_dir}; continue from there with:  {go_on}", soft_wrap=True)
    raise typer.Exit(0 if result.audit.conserved and result.reconciled else 1)


def _play(options: DemoOptions, on_running: bool, port_base: int) -> DemoResult:
    keep_what_is_loaded()
    columns = (SpinnerColumn(), "{task.description}", TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as shown:
        task = shown.add_task("issuing slips", total=None)

        def report(done: int, planned: int, at: datetime) -> None:
            shown.update(task, description=f"{at.astimezone(JST):%Y-%m-%d}  {done} of {planned} payments")

        if on_running:
            return on_stack(lambda client: run_demo_on_stack(client, options, report), port_base)
        return run(run_demo(options, report))


# ---- as a document ----------------------------------------------------------------------------------------


def _document(result: DemoResult) -> dict[str, Any]:
    return {
        "seed": result.options.seed,
        "digest": result.digest,
        "wall_seconds": round(result.wall_seconds, 3),
        "simulated_days": result.simulated_days,
        "payments": [_payment(story) for story in result.stories],
        "deposits": [
            {
                "agent": deposit.settler,
                "closed_on": statement.closed_on.isoformat(),
                "deposited_on": deposit.on.isoformat(),
                "amount": deposit.amount,
                "count": statement.payments,
                "reconciled": matched,
            }
            for statement, deposit, matched in result.deposits
        ],
        "totals": {
            "scanned": result.scanned,
            "approved": result.approved,
            "declined": result.declined,
            "receipts_registered": result.audit.receipts_registered,
            "receipts_yen": result.audit.receipts_yen,
            "deposits_yen": result.audit.deposits_yen,
            "undeposited_yen": result.audit.undeposited_yen,
        },
        "reconciled": result.reconciled,
        "conserved": result.audit.conserved,
        "findings": findings_json(result.audit),
    }


def _payment(story: PaymentStory) -> dict[str, Any]:
    view = story.view
    return {
        "id": view.payment_id,
        "method": view.method.value if view.method else None,
        "amount": view.amount,
        "status": view.status,
        "timeline": [
            {"event": s.event, "party": s.party, "at": s.at.astimezone(JST).isoformat(), "detail": s.detail}
            for s in story.steps
        ],
    }


# ---- on the screen ----------------------------------------------------------------------------------------


def _print(result: DemoResult) -> None:
    o = result.options
    out.print(
        f"\n[bold]三者契約 three-party contract[/] {o.first_day} – {o.last_day}: "
        f"{o.cards} card and {o.banks} internet-banking payments, seed {o.seed}"
    )
    for method, title in (
        (Method.CARD, "カード払い a card payment"),
        (Method.INTERNET_BANKING, "ネットバンキング an internet-banking payment"),
    ):
        story = _longest(result.stories, method)
        if story is not None:
            out.print(f"\n[bold]{title}[/]  {story.view.payment_id}  ¥{story.view.amount:,}")
            out.print(timeline(story.steps))
    out.print("\n甲 the ward  乙 the payment provider  丙 the card agents; times in Japan", style="dim")
    out.print("\n[bold]入金 deposits into the ward's account[/]")
    out.print(_deposits(result))
    out.print(f"each of the {len(result.deposits)} deposits, with its closing: --json", style="dim")
    _print_totals(result)


def _longest(stories: Sequence[PaymentStory], method: Method) -> PaymentStory | None:
    """The payment by this method with the most steps; among equals the one that took longest."""
    of_kind = [s for s in stories if s.view.method is method]
    return max(of_kind, key=lambda s: (len(s.steps), s.steps[-1].at - s.steps[0].at), default=None)


def _deposits(result: DemoResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("入金元\nfrom")
    table.add_column("締日\nclosings", no_wrap=True)
    for name in ("入金\ndeposits", "件数\npayments", "金額\namount", "消込済\nreconciled"):
        table.add_column(name, justify="right", no_wrap=True)
    for settler in Settler:
        rows = [r for r in result.deposits if r[1].settler == settler]
        if rows:
            matched = sum(r[2] for r in rows)
            days = f"{min(r[0].closed_on for r in rows)} – {max(r[0].closed_on for r in rows)}"
            amount, count = sum(r[1].amount for r in rows), sum(r[0].payments for r in rows)
            table.add_row(
                settler.upper(), days, str(len(rows)), str(count), f"¥{amount:,}", f"{matched} of {len(rows)}"
            )
    return table


def _print_totals(result: DemoResult) -> None:
    a = result.audit
    out.print(
        f"\n[bold]合計 totals[/]  scanned {result.scanned}, approved {result.approved}, declined {result.declined}; "
        f"receipts {a.receipts_registered} = ¥{a.receipts_yen:,}; deposited ¥{a.deposits_yen:,}, "
        f"not yet due ¥{a.undeposited_yen:,}"
    )
    print_verdict(a)
    out.print(
        "[green]消込済 reconciled[/]: every deposit that arrived matches confirmed receipts, to the yen"
        if result.reconciled
        else "[red]未消込 some deposits are not reconciled[/]: see --json"
    )
    out.print(
        f"digest [bold]{result.digest[:16]}[/]  {result.simulated_days} days in {result.wall_seconds:.2f} s "
        f"(same seed, same digest; in full with --json)"
    )
