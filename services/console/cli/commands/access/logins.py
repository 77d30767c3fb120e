"""`sansha access logins`: attempts to log in."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from contracts import topics
from contracts.http.access import LoginView
from services.console.cli.options import Json, Latest, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.cli.times import in_japan
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of
from services.console.stack.clients import StackClient

app = typer.Typer(add_completion=False)


@app.command()
def logins(
    party: Annotated[str, typer.Option("--party", metavar="PARTY", help="The party.")] = topics.WARD,
    limit: Latest = 100,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """ログイン記録: show the attempts to log in at a party of a running stack."""
    try:
        principal = process_of(party).principal
    except LookupError as unknown:
        fail(str(unknown.args[0]))

    async def read(client: StackClient) -> list[LoginView]:
        found = await client.get(principal, "/ops/logins", limit=limit)
        return [LoginView.model_validate(one) for one in found]

    found = on_stack(read, port_base)
    if as_json:
        emit([one.model_dump(mode="json") for one in found])
        return
    table = Table(box=None, pad_edge=False)
    for title in ("日時 at", "利用者 user", "結果 outcome"):
        table.add_column(title, overflow="fold")
    for one in found:
        table.add_row(in_japan(one.at), escape(one.user), one.outcome)
    out.print(table if found else "nobody has tried to log in")
