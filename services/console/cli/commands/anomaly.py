"""`sansha anomaly`: make a card agent's settlement go wrong on purpose."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of

app = typer.Typer(add_completion=False)


@app.command()
def anomaly(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="jcb or uc")],
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="E.g. deposit_short; the answer to an unknown kind lists all.")
    ],
    closing: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", help="The closing day; without it, the next closing.", formats=["%Y-%m-%d"]),
    ] = None,
    yen: Annotated[int | None, typer.Option(min=1, metavar="YEN", help="How much too little or too much.")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=250, metavar="DAYS", help="How late, in bank business days.")
    ] = None,
    payment: Annotated[str | None, typer.Option(metavar="ID", help="The payment to leave out.")] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """異常: make a settlement of a card agent go wrong, to see the ward find it."""
    try:
        principal = process_of(agent).principal
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    if not principal.startswith("card_agent."):
        fail(f"{agent} is not a card agent; name jcb or uc")
    given = {"yen": yen, "business_days": days, "payment_id": payment}
    body = {"kind": kind} | {name: value for name, value in given.items() if value is not None}
    if closing is not None:
        body["closed_on"] = closing.date().isoformat()
    asked = on_stack(lambda client: client.post(principal, "/anomalies", body), port_base)
    emit(asked) if as_json else out.print(f"{asked['kind']} will happen at the closing of {asked['closed_on']}")
