"""`sansha notice read`: a deposit notice held against the ward's books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from contracts import topics
from contracts.books import Books
from contracts.channels import SETTLERS
from contracts.formats.damage import DamagedFile
from contracts.vocabulary import Settler, business_date
from services.chassis.machine_time import real_now
from services.console.books import bank_notice
from services.console.books.bank_notice import WARD_ACCOUNT, Difference, Notice, NoticeRow, account_number, in_era
from services.console.books.reading import read_party
from services.console.cli.options import Folder, Json, OnStack, PortBase, a_day
from services.console.cli.output import emit, fail, out
from services.console.cli.running import on_stack, run
from services.console.folder import DEFAULT_FOLDER
from services.console.names import NOTICE_NAMES
from services.console.stack.addresses import DEFAULT_PORT_BASE
from services.ward.app import books as ward_books

DIFFERENCES = {
    "not_at_ward": "区に記録なし in the notice, not recorded by the ward",
    "not_in_notice": "通知になし recorded by the ward, not in the notice",
    "amount_differs": "金額相違 the amounts differ",
}
REASSIGNED = "入金付替 reassigned by the ward"

app = typer.Typer(add_completion=False)


@app.command()
def read(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A notice of kind 01 or 03.")
    ],
    received_on: Annotated[
        date | None,
        typer.Option(
            "--received",
            parser=a_day,
            metavar="DAY",
            help="Day on which it was fetched: its years have two digits and are taken to be the nearest to it. "
            "Without it, the last day on which the ward has booked anything.",
        ),
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    on_running: OnStack = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """消込: show a notice and compare it with the deposits that the ward has recorded for its days.

    Deposits are matched by day, payer and amount; nothing is changed. Exits with 1 if they differ, with 2 if the file
    is damaged.

    The ward's books are read from its database in a data folder, or with --stack asked of a running stack.
    """
    ward = _books_of_the_ward(database_dir, on_running, port_base)
    found = _notices(file, received_on or _last_booked(ward))
    compared = [(n, bank_notice.differences(n, ward) if n.is_of_the_ward else None) for n in found]
    agrees = not any(different for _, different in compared)
    if as_json:
        emit({"agrees": agrees, "notices": [_document(n, different) for n, different in compared]})
    else:
        for n, different in compared:
            _print(n, different)
    raise typer.Exit(0 if agrees else 1)


def _books_of_the_ward(folder: Path, on_running: bool, port_base: int) -> Books:
    if on_running:
        return on_stack(lambda client: client.books(topics.WARD), port_base)
    try:
        return run(read_party(folder, topics.WARD, ward_books))
    except LookupError as missing:
        fail(str(missing.args[0]))


def _last_booked(ward: Books) -> date:
    return max((t.on for t in ward.transfers), default=business_date(real_now()))


def _notices(file: Path, received_on: date) -> Sequence[Notice]:
    """All notices of the file. Fails if it is damaged, cannot be read, or concerns other accounts only."""
    try:
        with file.open("rb") as source:
            found = list(bank_notice.read(source, received_on))
    except DamagedFile as damage:
        fail(f"{file} is damaged ({damage.code}): {damage}")
    except OSError as wrong:
        fail(f"{file} cannot be read ({wrong.strerror}); name another file")
    if not any(n.is_of_the_ward for n in found):
        others = ", ".join(account_number(n.header.account) for n in found) or "no account"
        fail(f"{file} is about {others}; the ward's account is {account_number(WARD_ACCOUNT)}")
    return found


# ---- as a document ----------------------------------------------------------------------------------------


def _document(notice: Notice, different: Sequence[Difference] | None) -> dict[str, Any]:
    h, totals = notice.header, notice.totals
    return {
        "kind": h.kind.value,
        "account": h.account._asdict(),
        "created_on": h.created_on,
        "from": h.covers_from,
        "to": h.covers_to,
        "balance_before": None if totals.balance is None else h.balance,
        "balance_after": totals.balance,
        "rows": [_row(t) for t in notice.rows],
        "came_in": {"deposits": len(came := notice.came_in()), "yen": sum(t.row.amount for t in came)},
        "compared": different is not None,
        "differences": [d._asdict() for d in different or ()],
    }


def _row(noticed: NoticeRow) -> dict[str, Any]:
    row = noticed.row
    return {
        "line": noticed.line,
        "posted_on": row.posted_on,
        "value_on": row.value_on,
        "settler": noticed.settler,
        "payer_code": row.payer_code,
        "payer_name": row.payer_name,
        "amount": row.amount,
        "out": noticed.is_out,
        "cancels": noticed.takes_back,
    }


# ---- on the screen ----------------------------------------------------------------------------------------


def _print(notice: Notice, different: Sequence[Difference] | None) -> None:
    h, totals = notice.header, notice.totals
    days = (f"{in_era(day)} {day}" for day in (h.covers_from, h.covers_to))
    out.print(f"[bold]{NOTICE_NAMES[h.kind]}[/]  {' – '.join(days)}", soft_wrap=True)
    holder = escape(f"{h.account.bank_name} {h.account.branch_name} {h.account.holder}")
    out.print(f"口座 account {account_number(h.account)}  {holder}", soft_wrap=True)
    out.print(_table(notice, {d.line: d for d in different or () if d.line is not None}))
    other = "取消 cancelled" if totals.balance is None else "出金 out"
    line = f"合計 total {totals.rows}, ¥{totals.amount:,}; {other} {totals.other_rows}, ¥{totals.other_amount:,}"
    if totals.balance is not None:
        line += f"; 残高 balance ¥{h.balance:,} → ¥{totals.balance:,}"
    out.print(f"{line}; checked 照合済", soft_wrap=True)
    if different is None:
        out.print("not compared: the account is not the ward's", style="dim")
    elif not different:
        out.print("[green]消込[/] the ward has recorded what the notice says, and nothing else")
    else:
        out.print(f"[yellow]不一致[/] {len(different)} differences from the ward's books:")
        for d in different:
            out.print(f"  {_difference(d)}", soft_wrap=True)


def _table(notice: Notice, marked: dict[int, Difference]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("行 line", justify="right", no_wrap=True)
    table.add_column("勘定日 posted on", no_wrap=True)
    table.add_column("振込依頼人 payer")
    table.add_column("金額 yen", justify="right", no_wrap=True)
    table.add_column("")
    for t in notice.rows:
        note = "出金 out" if t.is_out else "取消 cancels" if t.takes_back else ""
        note = DIFFERENCES[marked[t.line].code].partition(" ")[0] if t.line in marked else note
        payer = escape(f"{_settler(t.settler)} {t.row.payer_name}")
        day = f"{t.row.posted_on} {in_era(t.row.posted_on)}"
        style = "yellow" if t.line in marked else ""
        table.add_row(str(t.line), day, payer, f"¥{t.row.amount:,}", note, style=style)
    return table


def _settler(settler: Settler | None) -> str:
    return "不明 unknown" if settler is None else SETTLERS[settler].name


def _difference(d: Difference) -> str:
    sides = [f"{side} ¥{yen:,}" for side, yen in (("通知 notice", d.told), ("区 ward", d.booked)) if yen is not None]
    where = [f"line {d.line}"] * (d.line is not None) + [f"deposit {d.deposit_id}"] * (d.deposit_id is not None)
    why = f"; {REASSIGNED}" if d.brought_over else ""
    return f"{d.on} {_settler(d.settler)}: {DIFFERENCES[d.code]}: {', '.join(sides)} ({', '.join(where)}{why})"
