"""`sansha pay`: a slip paid on a running stack."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from contracts.http.card_agent.cards import TestCard
from contracts.http.payment_provider.payments import PaymentView
from contracts.vocabulary import OUTSIDE_APP, Method
from services.console.cli.options import Json, PortBase
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack
from services.console.payers.plan import ByBank, ByCard
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.console.stack.cards import published_cards
from services.console.stack.clients import StackClient
from services.console.stack.paying import UNDER_WAY, collect_slip, pay_slip

CHANNELS = {method.replace("_", "-"): method for method in OUTSIDE_APP}
"""The channels outside the app, as one types them."""
EXAMPLES = ("visa/approved", "jcb/expired")


def a_channel(text: str) -> Method:
    if text not in CHANNELS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(CHANNELS)}")
    return CHANNELS[text]


class _ByNamedCard(NamedTuple):
    """A test card by its name, or the number that was `typed` in its place."""

    name: str
    typed: str | None
    expiry: str


app = typer.Typer(add_completion=False)


@app.command()
def pay(
    text: Annotated[
        str | None,
        typer.Argument(metavar="BARCODE", help="44 digits; with --at also the number of a slip that has no barcode."),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, metavar="FILE", help="A photo or PDF of the slip.")
    ] = None,
    at: Annotated[
        Method | None,
        typer.Option(
            parser=a_channel,
            metavar="|".join(CHANNELS),
            help="Pay outside the app: at a till, at a counter, or by direct debit.",
        ),
    ] = None,
    amount: Annotated[
        int | None, typer.Option(min=1, metavar="YEN", help="With --at: the amount paid; without it, the slip's.")
    ] = None,
    card: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|-",
            help="Pay by a test card, BRAND/OUTCOME as in visa/approved (sansha cards lists them); - reads a number "
            "from standard input, without echo.",
        ),
    ] = None,
    expiry: Annotated[str, typer.Option(metavar="MM/YY", help="With --card: its expiry date.")] = "12/29",
    bank: Annotated[bool, typer.Option("--bank", help="Pay by internet banking.")] = False,
    bank_code: Annotated[
        str, typer.Option(metavar="CODE", help="With --bank: the bank; a test bank's code decides its answer.")
    ] = "0001",
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Pay a slip on a running stack, in the app or --at another channel.

    Exits with 1 if the payment is declined.
    """
    if [card is not None, bank, at is not None].count(True) != 1:
        fail("give one of --card NAME, --bank, or --at CHANNEL")
    if (text is None) == (image is None):
        fail("give either the BARCODE's digits or --image FILE")
    if at is not None and text is None:
        fail("--image is what the app's camera sees; with --at give the BARCODE's digits")
    if at is not None and text is not None:
        view = on_stack(lambda client: collect_slip(client, text, at, amount), port_base)
    else:
        slip = (text or "") if image is None else image.read_bytes()
        means = ByBank(bank_code) if card is None else _ByNamedCard(card, _number_typed(card), expiry)
        view = on_stack(lambda client: _in_the_app(client, slip, means), port_base)
    emit(view.model_dump(mode="json")) if as_json else _print(view)
    raise typer.Exit(1 if view.status == "declined" else 0)


def _number_typed(card: str) -> str | None:
    """The number on standard input, if `card` is `-`. Refuses a number on the command line, without repeating it."""
    if any(map(str.isdecimal, card)):
        fail(
            "a card number on the command line is shown in the list of processes; give --card the name of a test card, "
            f"such as {' or '.join(EXAMPLES)} (sansha cards lists them), or - to read a number from standard input"
        )
    if card != "-":
        return None
    at_a_terminal = sys.stdin.isatty()
    typed = typer.prompt("card number", hide_input=True, err=True) if at_a_terminal else sys.stdin.readline()
    return str(typed).strip() or fail("standard input has no card number; give one on its first line")


async def _in_the_app(client: StackClient, slip: str | bytes, means: ByBank | _ByNamedCard) -> PaymentView:
    if isinstance(means, ByBank):
        return await pay_slip(client, slip, means)
    number = means.typed or (await _card_named(client, means.name)).number
    return await pay_slip(client, slip, ByCard(number, means.expiry))


async def _card_named(client: StackClient, name: str) -> TestCard:
    cards = await published_cards(client)
    if name not in cards:
        fail(f"there is no test card {name!r}; there are {', '.join(cards)}, and - reads a number from standard input")
    return cards[name]


def _print(view: PaymentView) -> None:
    reason = f" ({view.decline_reason})" if view.decline_reason else ""
    out.print(f"payment {view.payment_id}  ¥{view.amount:,}  {view.status}{reason}")
    if view.status in UNDER_WAY:
        out.print("not answered yet; advance a stepped clock with:  sansha clock advance --days 1")
    out.print(f"what happens next:  sansha explain {view.payment_id}")
