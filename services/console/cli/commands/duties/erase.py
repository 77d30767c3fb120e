"""`sansha duties erase`: a contractor erases by hand."""

from __future__ import annotations

from typing import Annotated

import typer

from contracts.http.duties import ErasuresAnswer
from services.console.cli.commands.duties.erasures import PATH, contractor, show
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE

app = typer.Typer(add_completion=False)


@app.command()
def erase(
    party: Annotated[str, typer.Option("--party", metavar="PARTY", help="The contractor that erases.")],
    end_of_contract: Annotated[
        bool, typer.Option("--end-of-contract", help="Everything that is settled, made up to now.")
    ] = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """消去: erase what was due and is not done, and certify anew what the ward rejected. It cannot be undone.

    With --end-of-contract, everything that is settled. What is not settled is kept, and named in the certificate.
    """
    principal = contractor(party)
    body = {"end_of_contract": end_of_contract}
    answer = ErasuresAnswer.model_validate(on_stack(lambda client: client.post(principal, PATH, body), port_base))
    if as_json:
        emit([view.model_dump(mode="json") for view in answer.erasures])
        return
    for view in answer.erasures:
        show(principal, view)
