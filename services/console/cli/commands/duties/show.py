"""`sansha duties`: how each duty of the contract stands."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from contracts.duties.assessing import DutyState, Status
from contracts.duties.clauses import BY_NUMBER
from services.console.cli.duties_screen import Backups, Language, print_duty, print_summary, print_table
from services.console.cli.options import Json, PortBase, a_day
from services.console.cli.output import emit, fail, out, write
from services.console.cli.running import on_stack, run
from services.console.duties.looking import Asked, NoSuchDay, look_at_stack, look_in_folder
from services.console.duties.page import page
from services.console.duties.site import BACKUPS
from services.console.duties.standing import Standing, document
from services.console.stack.addresses import DEFAULT_PORT_BASE, process_of

app = typer.Typer(add_completion=False)


@app.command()
def show(
    number: Annotated[str, typer.Argument(metavar="[NUMBER]", help="One duty, such as D-12.")] = "",
    on: Annotated[
        date | None, typer.Option("--on", parser=a_day, metavar="DAY", help="As it stood at the end of this day.")
    ] = None,
    party: Annotated[str, typer.Option("--party", metavar="PARTY", help="Only what this party owes.")] = "",
    missed: Annotated[bool, typer.Option("--missed", help="Only what was missed.")] = False,
    language: Annotated[
        Language, typer.Option("--lang", help="The language of the sentences in the table.")
    ] = Language.ENGLISH,
    began: Annotated[
        date | None,
        typer.Option(
            parser=a_day, metavar="DAY", help="Day on which work began, if it left no trace.", show_default=False
        ),
    ] = None,
    database_dir: Annotated[
        Path | None,
        typer.Option("--database-dir", file_okay=False, help="Read a data folder instead of asking a running stack."),
    ] = None,
    backups: Backups = BACKUPS,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the auditor's page, to read and to print.")
    ] = None,
    port_base: PortBase = DEFAULT_PORT_BASE,
    as_json: Json = False,
) -> None:
    """Show how each duty stands on a day; with a number, such as D-12, that duty with all its evidence.

    Exits with 1 if one was missed.
    """
    if number and number.upper() not in BY_NUMBER:
        fail(f"there is no duty {number!r}; there are {next(iter(BY_NUMBER))} to {[*BY_NUMBER][-1]}: sansha duties")
    debtor = _principal(party)
    if number and debtor and debtor not in (owed_by := BY_NUMBER[number.upper()].owed_by):
        fail(f"{number.upper()} is no duty of {debtor}; it is owed by {', '.join(owed_by)}")
    standing = look(Asked(on, began, backups), database_dir, port_base)
    states = [
        state
        for state in standing.states
        if (not number or state.duty.number == number.upper())
        and debtor in ("", state.debtor)
        and (not missed or state.status is Status.MISSED)
    ]
    if html is not None:
        write(page(standing).encode(), html, "--html")
    if as_json:
        emit(_narrowed(document(standing), states))
    elif html is None or str(html) != "-":
        _print(standing, states, number, language)
    raise typer.Exit(1 if any(state.status is Status.MISSED for state in states) else 0)


def look(asked: Asked, database_dir: Path | None, port_base: int) -> Standing:
    """A running stack, or a folder. What cannot be read ends in one line."""
    try:
        if database_dir is not None:
            return run(look_in_folder(database_dir, asked))
        return on_stack(partial(look_at_stack, asked=asked), port_base)
    except LookupError as unreadable:
        fail(str(unreadable.args[0]))
    except NoSuchDay as wrong:
        fail(str(wrong))


def _principal(party: str) -> str:
    try:
        return process_of(party).principal if party else ""
    except LookupError as unknown:
        fail(str(unknown.args[0]))


def _narrowed(everything: dict[str, object], states: list[DutyState]) -> dict[str, object]:
    wanted = {(state.duty.number, state.debtor) for state in states}
    duties = everything["duties"]
    assert isinstance(duties, list)
    return everything | {"duties": [one for one in duties if (one["number"], one["debtor"]) in wanted]}


def _print(standing: Standing, states: list[DutyState], number: str, language: Language) -> None:
    if number and states:
        print_duty(standing, states)
        return
    print_summary(standing)
    print_table(standing, states, language)
    if not states:
        out.print("no duty stands so")
    elif standing.missed:
        out.print("\n根拠 evidence: sansha duties NUMBER, e.g. sansha duties " + standing.missed[0].duty.number)
