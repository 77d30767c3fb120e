"""`sansha books`: the trial balance of each party on any day, and who owes whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import typer
from rich.table import Table

from contracts import channels, parties, topics
from contracts.vocabulary import Agent
from services.card_agent.app import ACCOUNT_NAMES as AGENTS_NAMES
from services.console.books.reading import read_books, stack_books
from services.console.books.trial_balance import (
    CARD_COMPANY,
    PAYERS,
    SETTLERS,
    Debt,
    Position,
    TrialBalance,
    position,
)
from services.console.cli.options import Folder, Json, OnStack, PortBase, a_day
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack, run
from services.console.folder import DEFAULT_FOLDER
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.payment_provider.app import ACCOUNT_NAMES as PROVIDERS_NAMES
from services.ward.app import ACCOUNT_NAMES as WARDS_NAMES

_DEBTS: Mapping[str, str] = {
    "levied_not_received": "収入未済 levied, not received",
    "paid_in_the_payers_stead": "代理納付 paid in the payers' stead",
    "received_not_deposited": "収納済未入金 received, not deposited",
    "deposited_too_little": "入金差異 deposited too little",
    "deposited_too_much": "入金差異 deposited too much",
    "received_for_unknown_slips": "不明入金 received for unknown slips",
    "shortfalls_claimed": "精算未収金 shortfalls claimed",
    "overpaid": "過誤納金 overpaid",
    "to_be_given_back": "返納金 refunded, to be returned",
}
_NAMES: Mapping[str, str] = {
    PAYERS: "納付者 payers",
    CARD_COMPANY: "カード会社 card companies",
    SETTLERS: "丙・金融機関 settlers",
    **{principal: names.name for principal, names in parties.NAMES.items()},
    **{settler: names.name for settler, names in channels.SETTLERS.items()},
}


app = typer.Typer(add_completion=False)


@app.command()
def books(
    on: Annotated[
        date | None,
        typer.Option(parser=a_day, metavar="DAY", help="At the end of this day; without it, of the last day booked."),
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    on_running: OnStack = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """試算表: show each party's trial balance at the end of a day, and who owes whom.

    Reads the databases of a data folder, or with --stack asks the parties of a running stack.
    """
    try:
        found = on_stack(stack_books, port_base) if on_running else run(read_books(database_dir))
    except LookupError as missing:
        fail(str(missing.args[0]))
    stands = position(found, on)
    emit(_document(stands)) if as_json else _print(stands)


def _document(stands: Position) -> dict[str, Any]:
    return {
        "on": stands.on,
        "booked_until": stands.booked_until,
        "owed_twice": stands.owed_twice,
        "parties": {
            t.party: {"balances": t.balances, "debits": t.debits, "credits": t.credits} for t in stands.trial_balances
        },
        "owed": [
            {
                "debtor": d.debtor,
                "creditor": d.creditor,
                "for": d.code,
                "by_debtors_books": d.at_debtor,
                "by_creditors_books": d.at_creditor,
                "agrees": d.agrees,
            }
            for d in stands.debts
        ],
    }


def _print(stands: Position) -> None:
    if stands.on is None:
        out.print("nothing is booked yet")
        return
    out.print(f"[bold]試算表 trial balances[/] at the end of {stands.on}; yen, 借方 debit and 貸方 credit balances")
    if stands.booked_until is None or stands.on > stands.booked_until:
        out.print(f"nothing is booked after {stands.booked_until}: balances have not changed since", style="dim")
    names = _account_names()
    for balance in stands.trial_balances:
        out.print()
        if balance.balances:
            out.print(_trial_balance(balance, names[balance.party]))
        else:
            out.print(f"{_NAMES[balance.party]}: 残高なし no balances", style="dim")
    out.print("\n[bold]債権債務 who owes whom[/], by the books of each side")
    out.print(_owed(stands.debts))
    if stands.owed_twice:
        out.print(
            f"¥{stands.owed_twice:,} of it is owed both by the payer and by the card agent: 代理納付失効", style="dim"
        )
    if any(not debt.agrees for debt in stands.debts):
        out.print(
            "if two books differ, receipt data or a deposit is still under way to one side, or something is wrong: "
            "sansha audit, sansha open",
            style="dim",
        )


def _account_names() -> Mapping[str, Mapping[str, str]]:
    wards = {account.value: japanese for account, japanese in WARDS_NAMES.items()}
    agents = {topics.card_agent(agent): AGENTS_NAMES for agent in Agent}
    return {topics.WARD: wards, topics.PAYMENT_PROVIDER: PROVIDERS_NAMES, **agents}


def _trial_balance(balance: TrialBalance, names: Mapping[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_footer=True, footer_style="bold")
    table.add_column(_NAMES[balance.party], footer="合計 total")
    table.add_column("科目", no_wrap=True)
    table.add_column("借方 debit", justify="right", no_wrap=True, footer=f"{balance.debits:,}")
    table.add_column("貸方 credit", justify="right", no_wrap=True, footer=f"{balance.credits:,}")
    for account, yen in balance.balances.items():
        sides = (f"{yen:,}", "") if yen > 0 else ("", f"{-yen:,}")
        table.add_row(account, names[account], *sides)
    return table


def _owed(debts: Sequence[Debt]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("債務者 owes", "債権者 to", "内容 for"):
        table.add_column(name)
    for name in ("債務者の帳簿\nby the debtor", "債権者の帳簿\nby the creditor"):
        table.add_column(name, justify="right", no_wrap=True)
    for debt in debts:
        style = "" if debt.agrees else "yellow"
        sides = ("–" if yen is None else f"¥{yen:,}" for yen in (debt.at_debtor, debt.at_creditor))
        table.add_row(_NAMES[debt.debtor], _NAMES[debt.creditor], _DEBTS[debt.code], *sides, style=style)
    return table
