"""`sansha duties erasures`: what is due to be erased where and when, and what was erased."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from contracts.duties.duty import CONTRACTORS
from contracts.http.duties import ErasureView
from contracts.parties import NAMES
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.cli.times import in_japan
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of
from services.console.stack.clients import StackClient

PATH = "/duties/erasures"

app = typer.Typer(add_completion=False)
Party = Annotated[str, typer.Option("--party", metavar="PARTY", help="Only this contractor.")]


@app.command()
def erasures(party: Party = "", port_base: PortBase = DEFAULT_PORT_BASE, as_json: Json = False) -> None:
    """消去: list what is due to be erased at each contractor of a running stack, and what was."""
    parties = (contractor(party),) if party else CONTRACTORS

    async def read(client: StackClient) -> dict[str, list[ErasureView]]:
        found = {one: await client.get(one, PATH) for one in parties}
        return {one: [ErasureView.model_validate(view) for view in views] for one, views in found.items()}

    listed = on_stack(read, port_base)
    if as_json:
        emit({one: [view.model_dump(mode="json") for view in views] for one, views in listed.items()})
        return
    for one, views in listed.items():
        for view in views:
            show(one, view)
        if not views:
            out.print(f"{escape(NAMES[one].name)}  no erasure is due", soft_wrap=True)


def contractor(party: str) -> str:
    """The principal of a contractor. Ends the command for any other party."""
    try:
        principal = process_of(party).principal
    except LookupError as unknown:
        fail(str(unknown.args[0]))
    if principal not in CONTRACTORS:
        fail(f"{party} certifies no erasures; name one of {', '.join(CONTRACTORS)}")
    return principal


def show(party: str, view: ErasureView) -> None:
    """A line for the erasure, and one for each kind of data."""
    head = f"{NAMES[party].name}  data until {view.data_until}, due on {view.due_on}"
    if view.erased_at is None:
        out.print(f"{escape(head)}  [yellow]期日前 due[/]", soft_wrap=True)
        return
    done = "[green]消去済 erased[/]" if view.finished_at else "[yellow]消去中 being erased[/]"
    out.print(f"{escape(head)}  {done} {in_japan(view.erased_at)}, certificates: {view.certificates}", soft_wrap=True)
    for name, count in view.kinds.items():
        out.print(f"  {escape(name)}  {count:,}", soft_wrap=True)
    if view.kept:
        out.print(f"  [yellow]未完了のため残した支払 kept, not settled[/]  {len(view.kept):,}", soft_wrap=True)
