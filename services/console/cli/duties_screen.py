"""How the duties stand, on the screen: a table by section, or one duty with all its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from contracts.duties.assessing import DutyState, Part, Status
from contracts.duties.duty import Duty
from contracts.http.duties import DutyRecordView
from contracts.parties import NAMES
from services.console.cli.output import out
from services.console.cli.times import in_japan
from services.console.duties.evidence import commands_for
from services.console.duties.field_names import FIELD_NAMES
from services.console.duties.standing import Standing
from services.console.duties.words import KIND_NAMES, SECTIONS, STATUS_NAMES, Said, how, party_name

COLOURS: Final = {
    Status.MISSED: "red",
    Status.DUE: "yellow",
    Status.UNCHECKED: "magenta",
    Status.FULFILLED: "green",
    Status.NO_CASE: "cyan",
    Status.NOT_SIMULATED: "dim",
}
INDENT: Final = 4
NUMBER_WIDTH, STATUS_WIDTH, WHO_WIDTH, GAP = 5, 24, 9, 2
LONGEST_VALUE: Final = 200


Backups = Annotated[Path, typer.Option("--backups", metavar="DIR", file_okay=False, help="Folder of the backups.")]


class Language(StrEnum):
    """In which language sentences are shown."""

    JAPANESE = "ja"
    ENGLISH = "en"

    def of(self, said: Said) -> str:
        return said.japanese if self is Language.JAPANESE else said.english


def print_summary(standing: Standing) -> None:
    """The verdict in one paragraph."""
    missed = len({state.duty.number for state in standing.missed})
    duties = len({state.duty.number for state in standing.states})
    verdict = f"[red]{missed} missed 未履行[/]" if missed else "[green]none missed 未履行なし[/]"
    out.print(f"個人情報の保護 {standing.on}: {duties} duties, {verdict}")
    counted = [f"[{COLOURS[status]}]{STATUS_NAMES[status]}[/] {count}" for status, count in standing.counts.items()]
    for some in (counted[:3], counted[3:]):
        out.print(f"  {' · '.join(some)}")
    if standing.is_of_the_past:
        out.print("  [dim]記録はこの日のもの、機械による確認は現在のもの[/]")
        out.print("  [dim]records are those of that day; checks tell how things are now[/]")


def print_table(standing: Standing, states: Sequence[DutyState], language: Language) -> None:
    """A line for each duty; parties in which it stands alike share one. Below it, why it was missed."""
    for letter, of_section in groupby(states, lambda state: state.duty.number[0]):
        out.print(f"\n[bold]{letter} {SECTIONS[letter]}[/]")
        for duty, of_duty in groupby(of_section, lambda state: state.duty):
            for alike in _alike(of_duty):
                out.print(_line(duty, alike, language), no_wrap=True, crop=True)
                for state in alike if alike[0].status is Status.MISSED else ():
                    _print_why(standing, state, language)


def _print_why(standing: Standing, state: DutyState, language: Language) -> None:
    for why in standing.why(state):
        found = Text(f"{signs([state.debtor])}: {language.of(why)}", style=COLOURS[Status.MISSED])
        out.print(Padding(found, (0, 0, 0, NUMBER_WIDTH + GAP)))


def _alike(states: Iterable[DutyState]) -> Iterator[Sequence[DutyState]]:
    """The parties' states of a duty, those together that say the same."""
    found: dict[object, list[DutyState]] = {}
    for state in states:
        found.setdefault((state.status, state.due_on), []).append(state)
    yield from found.values()


def _line(duty: Duty, states: Sequence[DutyState], language: Language) -> Text:
    """Number, state, who owes it, and as much of the sentence as fits."""
    state = states[0]
    due = f" {state.due_on}" if state.due_on is not None else ""
    columns = (
        (Text(duty.number), NUMBER_WIDTH),
        (Text(f"{STATUS_NAMES[state.status]}{due}", style=COLOURS[state.status]), STATUS_WIDTH),
        (Text(signs([one.debtor for one in states])), WHO_WIDTH),
    )
    line = Text()
    for text, width in columns:
        text.truncate(width, pad=True)
        line.append_text(text).append(" " * GAP)
    said = Text(language.of(Said(duty.japanese, duty.english)))
    said.truncate(max(20, out.width - line.cell_len), overflow="ellipsis")
    return line.append_text(said)


def signs(principals: Sequence[str]) -> str:
    """甲 乙 丙, the agents by name if it is not all of them."""
    agents = [p for p in principals if p.startswith("card_agent.")]
    others = [NAMES[p].sign for p in principals if p not in agents]
    of_all = len(agents) == sum(p.startswith("card_agent.") for p in NAMES)
    return " ".join([*others, *(["丙"] if of_all else [NAMES[p].short for p in agents])])


# ---- one duty


def print_duty(standing: Standing, states: Sequence[DutyState]) -> None:
    """Everything about a duty; `states` are its states, one for each party that owes it."""
    duty = states[0].duty
    out.print(f"[bold]{duty.number}[/]  {SECTIONS[duty.number[0]]}")
    out.print(Padding(Text(f"{duty.japanese}\n{duty.english}"), (0, 0, 1, 2)))
    owed_by = "、".join(party_name(party).japanese for party in duty.owed_by)
    out.print(f"  義務者 owed by   {owed_by}", soft_wrap=True)
    out.print(f"  相手方 owed to   {party_name(duty.owed_to)}", soft_wrap=True)
    for shown in duty.shown:
        said = how(shown)
        out.print(f"  確認方法 shown by  {said.japanese}", soft_wrap=True)
        out.print(Padding(said.english, (0, 0, 0, 21)))
    for state in states:
        _print_state(standing, state)
    out.print("\n[bold]根拠を自分で見るには[/] To open the evidence yourself")
    for command in commands_for(duty, [state.debtor for state in states], standing.seen.where):
        out.print(Text(f"  {command}", style="cyan"), soft_wrap=True)


def _print_state(standing: Standing, state: DutyState) -> None:
    due = f" {state.due_on}" if state.due_on is not None else ""
    status = f"[{COLOURS[state.status]}]{STATUS_NAMES[state.status]}{due}[/]"
    out.print(f"\n[bold]{party_name(state.debtor)}[/]  {status}", soft_wrap=True)
    for part in state.parts:
        _print_part(standing, state, part)


def _print_part(standing: Standing, state: DutyState, part: Part) -> None:
    colour = COLOURS[part.status]
    out.print(f"  [{colour}]{STATUS_NAMES[part.status]}[/]  {how(part.shown).japanese}", soft_wrap=True)
    if (result := standing.check_of(part, state.debtor)) is not None:
        out.print(Padding(Text(f"{result.japanese}\n{result.found}"), (0, 0, 0, INDENT)))
    for record in _once(standing.records_of(part)):
        held_by = signs([one.party for one in standing.records_of(part) if one.record_id == record.record_id])
        due = f"  期限 due {record.due_on}" if record.due_on else ""
        out.print(Padding(f"{in_japan(record.at)}  {KIND_NAMES[record.kind]}{due}", (0, 0, 0, INDENT)))
        out.print(Padding(Text(f"{record.record_id}  held in {held_by}"), (0, 0, 0, INDENT + 2)))
        for name, value in record.content.items():
            named = f"{FIELD_NAMES.get(name, '')} {name}: {_shown(value)}".strip()
            out.print(Padding(Text(named, style="dim"), (0, 0, 0, INDENT + 2)))


def _once(records: Sequence[DutyRecordView]) -> Sequence[DutyRecordView]:
    return list({(record.kind, record.record_id): record for record in records}.values())


def _shown(value: Any) -> str:
    text = "; ".join(map(_shown, value)) if isinstance(value, list) else str(value)
    return escape(text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} … (--json)")
