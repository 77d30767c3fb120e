"""`sansha resolve`: a decision about a settlement that does not agree."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from contracts import topics
from services.console.cli.commands.resolutions import as_line
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.stack.addresses import DEFAULT_PORT_BASE


class Decision(StrEnum):
    """What can be decided."""

    ACCEPT_DIFFERENCE = "accept_difference"
    BOOK_AS_FEE = "book_as_fee"
    CLAIM_SHORTFALL = "claim_shortfall"
    RETURN_EXCESS = "return_excess"
    RETURN_PAYMENT = "return_payment"
    ADD_LINE = "add_line"
    REASSIGN_DEPOSIT = "reassign_deposit"


app = typer.Typer(add_completion=False)


@app.command()
def resolve(
    decision: Annotated[Decision, typer.Argument(help="What is decided.")],
    statement: Annotated[str | None, typer.Option(metavar="ID", help="The statement it concerns.")] = None,
    payment: Annotated[
        str | None, typer.Option(metavar="ID", help="A payment of that statement, if it concerns just one.")
    ] = None,
    deposit: Annotated[str | None, typer.Option(metavar="ID", help="The deposit to reassign.")] = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Name of the person who decides; recorded.")] = "",
    because: Annotated[str, typer.Option(metavar="TEXT", help="Reason of the decision; recorded.")] = "",
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Idempotency key: repeating the command with it decides only once."),
    ] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """差異の処理: record a decision about a settlement that does not agree, and book it.

    What was decided, by whom, why and when can be read back with: sansha resolutions
    """
    if not by or not because:
        fail("name the person who decides, and the reason: --by NAME --because TEXT")
    body = {
        "action": decision.value,
        "statement_id": statement,
        "payment_id": payment,
        "deposit_id": deposit,
        "decided_by": by,
        "because": because,
    }
    made = on_stack(lambda client: client.post(topics.WARD, "/resolutions", body, key), port_base)
    emit(made) if as_json else out.print(as_line(made))
