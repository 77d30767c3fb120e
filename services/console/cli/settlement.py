"""Commands about settlements that do not agree: what is open, deciding about it, having one go wrong."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.markup import escape

from contracts import topics
from services.console.cli.options import DEFAULT_PORT_BASE, Json, PortBase, emit, fail, on_stack, out

settlement = typer.Typer()


class Decision(StrEnum):
    """What can be decided."""

    ACCEPT_DIFFERENCE = "accept_difference"
    BOOK_AS_FEE = "book_as_fee"
    CLAIM_SHORTFALL = "claim_shortfall"
    RETURN_EXCESS = "return_excess"
    RETURN_PAYMENT = "return_payment"
    ADD_LINE = "add_line"
    REASSIGN_DEPOSIT = "reassign_deposit"


@settlement.command("open")
def open_command(
    kind: Annotated[str | None, typer.Option(help="Only items of this kind, e.g. statement_open.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many of each kind.")] = 100,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """未消込: what is not settled yet at the ward, why, and the payments concerned. Exit 1 where there is something."""
    found = on_stack(lambda client: client.get(topics.WARD, "/open-items", limit=limit), port_base)
    items = [item for item in found if kind in (None, item["kind"])]
    if as_json:
        emit(items)
    else:
        for item in items:
            settler = f" {item['settler'].upper()}" if item["settler"] else ""
            out.print(
                f"[yellow]{item['kind']}[/]{settler} {item['subject']}  ¥{item['amount']:,}  since {item['since']}"
            )
            out.print(f"  {escape(item['because'])}", soft_wrap=True)
            for payment in item["payments"]:
                out.print(f"  {payment['code']} {payment['payment_id']}{_figures(payment)}")
        out.print(
            f"{len(items)} open; decide with: sansha resolve DECISION --statement ID" if items else "nothing is open"
        )
    raise typer.Exit(1 if items else 0)


def _figures(payment: dict[str, Any]) -> str:
    parts = [f"{word} ¥{payment[word]:,}" for word in ("stated", "registered") if payment[word] is not None]
    return f": {', '.join(parts)}" if parts else ""


@settlement.command()
def resolve(
    decision: Annotated[Decision, typer.Argument(help="What is decided.")],
    statement: Annotated[str | None, typer.Option(metavar="ID", help="The statement it is about.")] = None,
    payment: Annotated[str | None, typer.Option(metavar="ID", help="The payment of it, where one is meant.")] = None,
    deposit: Annotated[str | None, typer.Option(metavar="ID", help="The deposit that is reassigned.")] = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decides; kept.")] = "",
    because: Annotated[str, typer.Option(metavar="TEXT", help="Why; kept.")] = "",
    key: Annotated[str | None, typer.Option(help="Idempotency-Key: asking again with it is safe.")] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """差異の処理: decide about a settlement that does not agree. Who, what, why and when are kept, and booked."""
    if not by or not because:
        fail("say who decides and why: --by NAME --because TEXT")
    body = {
        "action": decision.value,
        "statement_id": statement,
        "payment_id": payment,
        "deposit_id": deposit,
        "decided_by": by,
        "because": because,
    }
    kept = on_stack(lambda client: client.post(topics.WARD, "/resolutions", body, key), port_base)
    emit(kept) if as_json else out.print(_told(kept))


@settlement.command("resolutions")
def resolutions_command(
    statement: Annotated[str | None, typer.Option(metavar="ID", help="Only those about this statement.")] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """差異の処理: what was decided, by whom, why and when."""
    wanted = {} if statement is None else {"statement_id": statement}
    rows = on_stack(lambda client: client.get(topics.WARD, "/resolutions", **wanted), port_base)
    if as_json:
        emit(rows)
        return
    for row in rows:
        out.print(_told(row))
    if not rows:
        out.print("nothing was decided")


@settlement.command()
def anomaly(
    agent: Annotated[str, typer.Argument(help="jcb or uc")],
    kind: Annotated[str, typer.Argument(help="e.g. deposit_short; a wrong one is answered with all of them")],
    closing: Annotated[
        datetime | None, typer.Option(help="Its closing day; the next closing without it.", formats=["%Y-%m-%d"])
    ] = None,
    yen: Annotated[int | None, typer.Option(min=1, help="How much too little or too much.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=250, help="How late, in bank business days.")] = None,
    payment: Annotated[str | None, typer.Option(metavar="ID", help="Which payment is left out.")] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """異常: have a card agent's next settlement go wrong, to see it found."""
    from services.console.stack.addresses import process_of

    try:
        principal = process_of(agent).principal
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    if not principal.startswith("card_agent."):
        fail(f"{agent} is no card agent; name jcb or uc")
    said = {"yen": yen, "business_days": days, "payment_id": payment}
    body = {"kind": kind} | {name: value for name, value in said.items() if value is not None}
    if closing is not None:
        body["closed_on"] = closing.date().isoformat()
    asked = on_stack(lambda client: client.post(principal, "/anomalies", body), port_base)
    emit(asked) if as_json else out.print(f"{asked['kind']} asked for the closing of {asked['closed_on']}")


def _told(row: dict[str, Any]) -> str:
    about = row["payment_id"] or row["deposit_id"]
    return (
        f"{row['action']} ¥{row['amount']:,}  statement {row['statement_id']}{f', {about}' if about else ''}  "
        f"{row['decided_at']} {escape(row['decided_by'])}: {escape(row['because'])}"
    )
