"""Commands on a running stack: pay, explain, the clock, dead letters."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from contracts import topics
from contracts.vocabulary import JST, OUTSIDE_APP, Method
from services.console.cli.options import DEFAULT_PORT_BASE, Json, PortBase, a_day, emit, err, fail, on_stack, out

CHANNELS = {method.replace("_", "-"): method for method in OUTSIDE_APP}
"""The channels outside the app, as one types them."""


def a_channel(text: str) -> Method:
    """For typer's `parser`."""
    if text not in CHANNELS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(CHANNELS)}")
    return CHANNELS[text]


operations = typer.Typer()
clock = typer.Typer(no_args_is_help=True, help="The clock of a running stack.")
letters = typer.Typer(no_args_is_help=True, help="Events that were set aside: read, mend, replay.")


@operations.command()
def pay(
    text: Annotated[
        str | None, typer.Argument(metavar="BARCODE", help="Or the number of a slip that has none, with --at.")
    ] = None,
    image: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help="A photo or PDF of the slip.")
    ] = None,
    at: Annotated[
        Method | None,
        typer.Option(
            parser=a_channel,
            metavar=f"[{'|'.join(CHANNELS)}]",
            help="Not in the app: at a till, over a counter, from an account.",
        ),
    ] = None,
    amount: Annotated[int | None, typer.Option(min=1, metavar="YEN", help="With --at: what is handed over.")] = None,
    card: Annotated[str | None, typer.Option(help="Card number; a test card chooses its outcome.")] = None,
    expiry: Annotated[str, typer.Option(help="MM/YY")] = "12/29",
    bank: Annotated[bool, typer.Option("--bank", help="Internet banking.")] = False,
    bank_code: Annotated[str, typer.Option(help="With --bank; a test bank chooses its answer.")] = "0001",
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Pay a slip at the running stack, as the app would, or --at a channel outside it. Exit 1 where it is declined."""
    from services.console.payers.plan import ByBank, ByCard
    from services.console.stack.paying import UNDER_WAY, collect_slip, pay_slip

    if [card is not None, bank, at is not None].count(True) != 1:
        fail("give one of --card NUMBER --expiry MM/YY, --bank, or --at CHANNEL")
    if (text is None) == (image is None):
        fail("give either the BARCODE's digits or --image FILE")
    if at is not None and text is None:
        fail("--image is what the app's camera sees; with --at give the BARCODE's digits")
    if at is not None and text is not None:
        view = on_stack(lambda client: collect_slip(client, text, at, amount), port_base)
    else:
        slip = (text or "") if image is None else image.read_bytes()
        means = ByBank(bank_code) if card is None else ByCard(card, expiry)
        view = on_stack(lambda client: pay_slip(client, slip, means), port_base)
    if as_json:
        emit(view.model_dump(mode="json"))
    else:
        reason = f" ({view.decline_reason})" if view.decline_reason else ""
        out.print(f"payment {view.payment_id}  ¥{view.amount:,}  {view.status}{reason}")
        if view.status in UNDER_WAY:
            out.print("its answer needs time; a stepped clock is moved with:  sansha clock advance --days 1")
        out.print(f"what happens next:  sansha explain {view.payment_id}")
    raise typer.Exit(1 if view.status == "declined" else 0)


@operations.command()
def explain(
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="Payment id.")],
    on: Annotated[
        date | None,
        typer.Option(parser=a_day, metavar="DATE", help="As it stood at the end of this day; without it, now."),
    ] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Where a payment is, or was on a day, what it waits for, until when, and by which setting or rule.

    A day to come is refused, and one before the payment was made.
    """
    from services.console.cli.report import timeline
    from services.console.timeline import merged_steps

    parts = on_stack(lambda client: client.explanations(payment, on), port_base)
    waits = [p.waiting for p in parts if p.waiting]
    waits = sorted((w for w in waits if w.until), key=lambda w: str(w.until)) or waits
    if as_json:
        steps = [step.model_dump(mode="json") for step in merged_steps(parts)]
        told = [wait.model_dump(mode="json") for wait in waits]
        emit({"payment_id": payment, "on": on, "timeline": steps, "waiting": told})
        return
    if on is not None:
        out.print(f"[bold]{on} 終了時点[/] at the end of that day in Japan, or by now where it is not over")
    out.print(timeline(merged_steps(parts)))
    for wait in waits:
        until = f" until {wait.until.astimezone(JST):%Y-%m-%d %H:%M}" if wait.until else ""
        out.print(f"[yellow]待ち waits[/] for {wait.waits_for}{until}: {escape(wait.because)}")
    if not waits:
        out.print("[green]nothing is waited for[/]")


@clock.command("show")
def clock_show(port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """What time it is in the stack."""
    answer = on_stack(lambda client: client.get(topics.CONSOLE, "/clock"), port_base)
    kind = {0.0: "stepped", 1.0: "real"}.get(answer["rate"], f"scaled ×{answer['rate']:g}")
    emit(answer) if as_json else out.print(f"{answer['now']}  {kind}")


@clock.command("advance")
def clock_advance(
    to: Annotated[
        datetime | None,
        typer.Option(help="Time of Japan.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_600)] = None,
    patience: Annotated[
        float, typer.Option(min=0.1, max=3600, metavar="SECONDS", help="How long to wait at one instant.")
    ] = 60.0,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Move a stepped clock, from due time to due time. Exit 1 where something blocks it, and says what."""
    if (to is None) == (days is None):
        fail("give either --to TIME or --days N")

    async def advance(client: Any) -> Any:
        now = datetime.fromisoformat((await client.get(topics.CONSOLE, "/clock"))["now"])
        goal = to.replace(tzinfo=JST) if to is not None else now + timedelta(days=days or 0)
        if goal < now:
            fail(f"the clock shows {now:%Y-%m-%dT%H:%M:%S} already and cannot go back; give a later time")
        with err.status(f"advancing to {goal:%Y-%m-%d %H:%M}"):
            wanted = {"to": goal.isoformat(), "patience_seconds": patience}
            return await client.post(topics.CONSOLE, "/clock/advance", wanted, timeout=None)

    answer = on_stack(advance, port_base)
    emit(answer) if as_json else out.print(f"{answer['now']}")


@letters.command("list")
def letters_list(port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """Every party's dead letters. Exit 1 where there are any."""
    from services.console.stack.addresses import PROCESSES
    from services.console.stack.clients import Unreachable

    async def ask(client: Any) -> list[dict[str, Any]]:
        found, silent = [], []
        for process in PROCESSES:
            try:
                letters = await client.get(process.principal, "/ops/dead-letters")
            except Unreachable as nobody:
                silent.append(nobody)
            else:
                found += [{"party": process.principal, **row} for row in letters]
        if len(silent) == len(PROCESSES):
            raise silent[0]
        for unreachable in silent:
            err.print(f"not asked: {unreachable}", soft_wrap=True)
        return found

    rows = on_stack(ask, port_base)
    if as_json:
        emit(rows)
    else:
        for row in rows:
            out.print(
                f"[red]{row['party']}[/] {row['id']}  {row['event_type']}  {row['failed_at']}"
                f"\n  {escape(row['reason'])}"
            )
            out.print(f"  {escape(json.dumps(row['value'], ensure_ascii=False))}")
        out.print(
            "no dead letters"
            if not rows
            else f"{len(rows)} dead letters; replay with: sansha dead-letters replay PARTY ID"
        )
    raise typer.Exit(1 if rows else 0)


@letters.command("replay")
def letters_replay(
    party: Annotated[str, typer.Argument(help="e.g. ward, payment_provider, jcb, uc")],
    letter: Annotated[str, typer.Argument(metavar="ID")],
    value: Annotated[str | None, typer.Option(help="The mended event, as JSON.")] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Handle an event again, mended with --value where it was wrong."""
    from services.console.stack.addresses import process_of

    try:
        principal = process_of(party).principal
        mended = None if value is None else json.loads(value)
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    except ValueError as wrong:
        fail(f"--value is not JSON: {wrong}")
    path = f"/ops/dead-letters/{letter}/replay"
    answer = on_stack(lambda client: client.post(principal, path, {"value": mended}), port_base)
    emit(answer) if as_json else out.print(f"replayed {answer['event_type']} {answer['id']}")
