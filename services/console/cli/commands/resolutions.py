"""`sansha resolutions`: the decisions about settlements that did not agree."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from contracts import topics
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def resolutions(
    statement: Annotated[str | None, typer.Option(metavar="ID", help="Only those about this statement.")] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """差異の処理: list the decisions made: what, by whom, why and when."""
    wanted = {} if statement is None else {"statement_id": statement}
    rows = on_stack(lambda client: client.get(topics.WARD, "/resolutions", **wanted), port_base)
    if as_json:
        emit(rows)
        return
    for row in rows:
        out.print(as_line(row))
    if not rows:
        out.print("nothing has been decided")


def as_line(row: dict[str, Any]) -> str:
    """A resolution as the ward answers it, with markup."""
    about = row["payment_id"] or row["deposit_id"]
    return (
        f"{row['action']} ¥{row['amount']:,}  statement {row['statement_id']}{f', {about}' if about else ''}  "
        f"{row['decided_at']} {escape(row['decided_by'])}: {escape(row['because'])}"
    )
