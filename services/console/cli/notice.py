"""`sansha notice`: deposit notices of the ward's bank (全銀 Zengin): written, and held against the ward's books."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from contracts.channels import SETTLERS
from contracts.formats.zengin import Kind
from contracts.vocabulary import Settler
from services.console.cli.options import (
    DEFAULT_FOLDER,
    DEFAULT_PORT_BASE,
    Folder,
    Json,
    OnStack,
    PortBase,
    a_day,
    emit,
    err,
    fail,
    on_stack,
    out,
    write,
)

if TYPE_CHECKING:
    from contracts.books import Books
    from services.console.books.bank_notice import Difference, Notice, NoticeRow

notice = typer.Typer(no_args_is_help=True, help="入金通知: what the ward's bank tells, in records of 全銀 (Zengin).")

_KINDS = {
    Kind.TRANSFERS_RECEIVED: "振込入金通知 transfers received (01)",
    Kind.ACCOUNT_ENTRIES: "入出金取引明細 account entries (03)",
}
_CODES = {
    "not_at_ward": "区に記録なし the bank tells it, the ward has it not",
    "not_in_notice": "通知になし the ward has it, the bank does not tell it",
    "amount_differs": "金額相違 the amounts differ",
}
BROUGHT_OVER = "入金付替 it had come to another account"


@notice.command("write")
def write_command(
    kind: Annotated[
        Kind, typer.Option(help="01 振込入金通知 transfers received, 03 入出金取引明細 account entries.")
    ] = Kind.TRANSFERS_RECEIVED,
    first: Annotated[
        date | None,
        typer.Option("--from", parser=a_day, metavar="DAY", help="First day; without it, of the first deposit."),
    ] = None,
    last: Annotated[
        date | None,
        typer.Option("--to", parser=a_day, metavar="DAY", help="Last day; without it, of the last deposit."),
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    on_running: OnStack = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    to: Annotated[Path, typer.Option("--out", dir_okay=False, help="The file; - for stdout.")] = Path("-"),
) -> None:
    """入金通知: play the ward's bank and tell what came into its account in these days, whatever anybody believes.

    Records of 200 bytes and CRLF, half-width kana in JIS.

    Read from the databases of a data folder, or with --stack asked of who pays in on a running stack, not of the ward.
    """
    from services.console.books.bank_notice import period_of, written
    from services.console.books.paid_in import read_paid_in, stack_paid_in

    try:
        came = on_stack(stack_paid_in, port_base) if on_running else asyncio.run(read_paid_in(database_dir))
    except LookupError as missing:
        fail(str(missing.args[0]))
    try:
        period = period_of(came, first, last)
        content = written(kind, period, came)
    except ValueError as impossible:
        fail(str(impossible))
    write(content, to, "--out")
    if str(to) == "-":
        return
    told = [d for d in came if period.covers(d.on)]
    what = f"{len(told)} deposit{'s' * (len(told) != 1)}, ¥{sum(d.amount for d in told):,}"
    err.print(f"{_KINDS[kind]}: {what}, {period.first} to {period.last}, written to {to}", soft_wrap=True)


@notice.command("read")
def read_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A notice of kind 01 or 03.")],
    received_on: Annotated[
        date | None,
        typer.Option(
            "--received",
            parser=a_day,
            metavar="DAY",
            help="When it was fetched: its years have two digits, and the nearest are meant. Without it, the last day "
            "on which the ward has booked anything.",
        ),
    ] = None,
    database_dir: Folder = DEFAULT_FOLDER,
    on_running: OnStack = False,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """消込: show a notice, and hold it against the deposits that the ward has on record for its days.

    Matched by day, payer and amount; nothing is changed. Exit 1 where they disagree, 2 for a damaged file.

    The ward's books are read from its database in a data folder, or with --stack asked of a running stack.
    """
    from services.console.books.bank_notice import differences

    ward = _wards_books(database_dir, on_running, port_base)
    found = _notices(file, received_on or _last_booked(ward))
    compared = [(n, differences(n, ward) if n.is_of_the_ward else None) for n in found]
    agrees = not any(different for _, different in compared)
    if as_json:
        emit({"agrees": agrees, "notices": [_document(n, different) for n, different in compared]})
    else:
        for n, different in compared:
            _print(n, different)
    raise typer.Exit(0 if agrees else 1)


def _wards_books(folder: Path, on_running: bool, port_base: int) -> Books:
    from contracts import topics
    from services.console.books.reading import read_party
    from services.ward.app import books as ward_books

    if on_running:
        asked: Books = on_stack(lambda client: client.books(topics.WARD), port_base)
        return asked
    try:
        return asyncio.run(read_party(folder, topics.WARD, ward_books))
    except LookupError as missing:
        fail(str(missing.args[0]))


def _last_booked(ward: Books) -> date:
    from contracts.vocabulary import business_date
    from services.chassis.clock import real_now

    return max((t.on for t in ward.transfers), default=business_date(real_now()))


def _notices(file: Path, received_on: date) -> Sequence[Notice]:
    """All of the file, or out: damaged, unreadable, or about accounts of others alone."""
    from contracts.formats.damage import DamagedFile
    from services.console.books.bank_notice import WARD_ACCOUNT, account_number, read

    try:
        with file.open("rb") as source:
            found = list(read(source, received_on))
    except DamagedFile as damage:
        fail(f"{file} is damaged ({damage.code}): {damage}")
    except OSError as wrong:
        fail(f"{file} cannot be read ({wrong.strerror}); name another file")
    if not any(n.is_of_the_ward for n in found):
        others = ", ".join(account_number(n.header.account) for n in found) or "no account"
        fail(f"{file} tells of {others}; the ward's account is {account_number(WARD_ACCOUNT)}")
    return found


# ---- as a document ----------------------------------------------------------------------------------------


def _document(told: Notice, different: Sequence[Difference] | None) -> dict[str, Any]:
    h, totals = told.header, told.totals
    return {
        "kind": h.kind.value,
        "account": h.account._asdict(),
        "created_on": h.created_on,
        "from": h.covers_from,
        "to": h.covers_to,
        "balance_before": None if totals.balance is None else h.balance,
        "balance_after": totals.balance,
        "rows": [_row(t) for t in told.rows],
        "came_in": {"deposits": len(came := told.came_in()), "yen": sum(t.row.amount for t in came)},
        "compared": different is not None,
        "differences": [d._asdict() for d in different or ()],
    }


def _row(told: NoticeRow) -> dict[str, Any]:
    row = told.row
    return {
        "line": told.line,
        "posted_on": row.posted_on,
        "value_on": row.value_on,
        "settler": told.settler,
        "payer_code": row.payer_code,
        "payer_name": row.payer_name,
        "amount": row.amount,
        "out": told.is_out,
        "cancels": told.takes_back,
    }


# ---- on the screen ----------------------------------------------------------------------------------------


def _print(told: Notice, different: Sequence[Difference] | None) -> None:
    from services.console.books.bank_notice import account_number, in_era

    h, totals = told.header, told.totals
    days = (f"{in_era(day)} {day}" for day in (h.covers_from, h.covers_to))
    out.print(f"[bold]{_KINDS[h.kind]}[/]  {' – '.join(days)}", soft_wrap=True)
    holder = escape(f"{h.account.bank_name} {h.account.branch_name} {h.account.holder}")
    out.print(f"口座 account {account_number(h.account)}  {holder}", soft_wrap=True)
    out.print(_table(told, {d.line: d for d in different or () if d.line is not None}))
    other = "取消 cancelled" if totals.balance is None else "出金 out"
    line = f"合計 total {totals.rows}, ¥{totals.amount:,}; {other} {totals.other_rows}, ¥{totals.other_amount:,}"
    if totals.balance is not None:
        line += f"; 残高 balance ¥{h.balance:,} → ¥{totals.balance:,}"
    out.print(f"{line}; checked 照合済", soft_wrap=True)
    if different is None:
        out.print("another account than the ward's: not compared", style="dim")
    elif not different:
        out.print("[green]消込[/] the ward has on record what the bank tells, and nothing else")
    else:
        out.print(f"[yellow]不一致[/] {len(different)} not agreeing with the ward's books:")
        for d in different:
            out.print(f"  {_difference(d)}", soft_wrap=True)


def _table(told: Notice, marked: dict[int, Difference]) -> Table:
    from services.console.books.bank_notice import in_era

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("行 line", justify="right", no_wrap=True)
    table.add_column("勘定日 posted on", no_wrap=True)
    table.add_column("振込依頼人 payer")
    table.add_column("金額 yen", justify="right", no_wrap=True)
    table.add_column("")
    for t in told.rows:
        note = "出金 out" if t.is_out else "取消 cancels" if t.takes_back else ""
        note = _CODES[marked[t.line].code].partition(" ")[0] if t.line in marked else note
        payer = escape(f"{_settler(t.settler)} {t.row.payer_name}")
        day = f"{t.row.posted_on} {in_era(t.row.posted_on)}"
        style = "yellow" if t.line in marked else ""
        table.add_row(str(t.line), day, payer, f"¥{t.row.amount:,}", note, style=style)
    return table


def _settler(settler: Settler | None) -> str:
    return "不明 unknown" if settler is None else SETTLERS[settler].name


def _difference(d: Difference) -> str:
    sides = [f"{who} ¥{yen:,}" for who, yen in (("通知 told", d.told), ("区 on record", d.booked)) if yen is not None]
    where = [f"line {d.line}"] * (d.line is not None) + [f"deposit {d.deposit_id}"] * (d.deposit_id is not None)
    why = f"; {BROUGHT_OVER}" if d.brought_over else ""
    return f"{d.on} {_settler(d.settler)}: {_CODES[d.code]}: {', '.join(sides)} ({', '.join(where)}{why})"
