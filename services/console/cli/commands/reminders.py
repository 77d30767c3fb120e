"""`sansha reminders`: which reminders (督促状) were sent, and which crossed a payment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from contracts import topics
from contracts.vocabulary import JST
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def reminders(
    crossed: Annotated[
        bool, typer.Option("--crossed", help="Only those that crossed a payment, by channel and delay (行き違い).")
    ] = False,
    slip: Annotated[str | None, typer.Option(help="Only those about this slip.", metavar="SLIP")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="List at most this many; totals count all.")
    ] = 20,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """督促: list the reminders that the ward of a running stack has sent."""
    if crossed and slip is None:
        found = on_stack(lambda client: client.get(topics.WARD, "/reminders/crossings", limit=limit), port_base)
        emit(found) if as_json else _print_crossings(found)
        return
    which: dict[str, Any] = {"limit": limit} | ({} if slip is None else {"slip_number": slip})
    which |= {"crossed": True} if crossed else {}
    sent = on_stack(lambda client: client.get(topics.WARD, "/reminders", **which), port_base)
    emit(sent) if as_json else _print_reminders(sent)


def _print_reminders(sent: list[dict[str, Any]]) -> None:
    table = Table(box=None, header_style="dim")
    for name in ("発送 sent", "納付書 slip"):
        table.add_column(name, no_wrap=True)
    for name in ("回 no.", "未納 open"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("行き違い crossed", no_wrap=True)
    for r in sent:
        table.add_row(
            _time(r["sent_at"]),
            r["slip_number"],
            str(r["number"]),
            f"¥{r['outstanding']:,}",
            "crossed" if r["crossed"] else "",
        )
    out.print(table if sent else "no such reminder was sent")


def _print_crossings(found: dict[str, Any]) -> None:
    out.print(f"{found['crossed']} of {found['reminders']} reminders (督促状) crossed a payment (行き違い)")
    for channel in found["by_channel"]:
        hidden = channel["median_paid_to_visible_seconds"]
        out.print(
            f"  {channel['method']}: {channel['crossings']}; median time from payment to visible {_days(hidden)}",
            soft_wrap=True,
        )
    if found["by_delay"]:
        days = (f"{d['days']} days: {d['crossings']}" for d in found["by_delay"])
        out.print(f"  from payment to visible: {', '.join(days)}", soft_wrap=True)
    for c in found["crossings"]:
        out.print(f"{c['payment_id']}  ¥{c['amount']:,}  {c['method']}  slip {c['slip_number']}", soft_wrap=True)
        paid, reminded, visible = (_time(c[name]) for name in ("paid_at", "sent_at", "visible_at"))
        out.print(f"  納付 paid {paid}, 督促 reminded {reminded}, 判明 visible {visible}", style="dim", soft_wrap=True)


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(JST):%Y-%m-%d %H:%M}"


def _days(seconds: int) -> str:
    return f"{seconds / 86_400:.1f} days" if seconds >= 86_400 else f"{seconds / 3_600:.1f} hours"
