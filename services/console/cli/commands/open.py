"""`sansha open`: what the ward has not settled yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.markup import escape

from contracts import topics
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, err, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.clients import Replica, StackClient

app = typer.Typer(add_completion=False)


@app.command("open")
def open_items(
    kind: Annotated[str | None, typer.Option(help="Only items of this kind, e.g. statement_open.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="List at most this many of each kind.")
    ] = 100,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """未消込: list what the ward has not settled yet, why, and the payments concerned.

    First says, on stderr, what waits at any party: what the ward lists may be incomplete meanwhile.
    Exits with 1 if there is anything.
    """

    async def ask(client: StackClient) -> tuple[Sequence[str], list[dict[str, Any]]]:
        waiting = [line for replica in await client.replicas() for line in _waiting(replica)]
        for line in waiting:
            err.print(f"[yellow]待ち waits:[/] {escape(line)}", soft_wrap=True)
        return waiting, await client.get(topics.WARD, "/open-items", limit=limit)

    waiting, found = on_stack(ask, port_base)
    items = [item for item in found if kind in (None, item["kind"])]
    if as_json:
        emit(items)
    else:
        for item in items:
            _print(item)
        out.print(
            f"{len(items)} open; decide with: sansha resolve DECISION --statement ID" if items else "nothing is open"
        )
    raise typer.Exit(1 if items or waiting else 0)


def _waiting(replica: Replica) -> Sequence[str]:
    """What waits at a replica; nothing of one that does not answer, which may have been left out of the stack."""
    name = f"{replica.principal} at {replica.address}"
    if replica.status is None:
        return [f"{name} {replica.problem}"] if replica.problem else []
    return [f"{name}: {w.doing}, for {w.seconds:.0f} s: {w.because}" for w in replica.status.waiting]


def _print(item: dict[str, Any]) -> None:
    settler = f" {item['settler'].upper()}" if item["settler"] else ""
    out.print(f"[yellow]{item['kind']}[/]{settler} {item['subject']}  ¥{item['amount']:,}  since {item['since']}")
    out.print(f"  {escape(item['because'])}", soft_wrap=True)
    for payment in item["payments"]:
        out.print(f"  {payment['code']} {payment['payment_id']}{_figures(payment)}")


def _figures(payment: dict[str, Any]) -> str:
    parts = [f"{word} ¥{payment[word]:,}" for word in ("stated", "registered") if payment[word] is not None]
    return f": {', '.join(parts)}" if parts else ""
