"""The auditor's page: one self-contained HTML file, to read on a screen and to print on A4."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader

from contracts.calendar import fiscal_year
from contracts.duties.assessing import DutyState, Part, Status
from contracts.duties.duty import CONTRACTORS, Duty, RecordKind
from contracts.http.duties import DutyRecordView
from contracts.parties import NAMES, PARTIES
from contracts.vocabulary import JST
from services.console.duties.evidence import commands_for
from services.console.duties.field_names import FIELD_NAMES
from services.console.duties.standing import Standing
from services.console.duties.words import (
    KIND_NAMES,
    MARKS,
    MEANINGS,
    SECTIONS,
    STATUS_NAMES,
    Said,
    how,
    party_name,
)

SHORT: Final[Mapping[str, str]] = {principal: NAMES[principal].short for principal in PARTIES}


class Row(NamedTuple):
    """A duty, with a state for each party that owes it."""

    duty: Duty
    owed_to: Said
    shown_by: Sequence[Said]
    states: Sequence[DutyState]
    commands: Sequence[str]

    @property
    def status(self) -> Status:
        return max(state.status for state in self.states)

    @property
    def has_evidence(self) -> bool:
        return any(part.evidence for state in self.states for part in state.parts)


class Reason(NamedTuple):
    """Why duties stand as they do, and which: number and party."""

    said: Said
    duties: Sequence[tuple[str, str]]


def page(standing: Standing) -> str:
    """HTML."""
    environment = Environment(
        loader=PackageLoader("services.console.duties", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "mark": MARKS.__getitem__,
        "status": STATUS_NAMES.__getitem__,
        "css": lambda status: status.name.lower(),
        "party": party_name,
        "short": SHORT.__getitem__,
        "kind": KIND_NAMES.__getitem__,
        "how": how,
        "time": lambda at: f"{at.astimezone(JST):%Y-%m-%d %H:%M}",
        "plain": plain,
        "field": lambda name: FIELD_NAMES.get(name, ""),
    }
    rows = list(_rows(standing))
    return environment.get_template("page.html.j2").render(
        s=standing,
        year=fiscal_year(standing.on),
        sections=[
            (letter, name, [row for row in rows if row.duty.number[0] == letter]) for letter, name in SECTIONS.items()
        ],
        rows=rows,
        counts=standing.counts,
        meanings=MEANINGS,
        by_party=_by_party(standing),
        missed=_missed(standing),
        inspections=_inspections(standing),
        contractors=CONTRACTORS,
        not_simulated=_reasons(standing, Status.NOT_SIMULATED),
        unchecked=_reasons(standing, Status.UNCHECKED),
        evidence=Evidence(standing),
    )


class Evidence:
    """What the template asks of a part."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def check(self, part: Part, debtor: str) -> Any:
        return self._standing.check_of(part, debtor)

    def records(self, part: Part) -> Sequence[tuple[DutyRecordView, str]]:
        """Each record once, with the signs of those who hold it."""
        found: dict[tuple[RecordKind, str], list[DutyRecordView]] = {}
        for record in self._standing.records_of(part):
            found.setdefault((record.kind, record.record_id), []).append(record)
        return [(copies[0], " ".join(SHORT[one.party] for one in copies)) for copies in found.values()]


def plain(value: Any) -> str:
    """A value of a record's content on a line."""
    if isinstance(value, list):
        between = "; " if any(isinstance(part, list) for part in value) else " / "
        return between.join(map(plain, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {plain(part)}" for name, part in value.items())
    return "" if value is None else str(value)


def _rows(standing: Standing) -> Iterator[Row]:
    for duty, of_duty in groupby(standing.states, lambda state: state.duty):
        states = list(of_duty)
        commands = commands_for(duty, [state.debtor for state in states], standing.seen.where)
        yield Row(duty, party_name(duty.owed_to), [how(shown) for shown in duty.shown], states, commands)


def _by_party(standing: Standing) -> Mapping[str, Mapping[Status, int]]:
    counted = {party: dict.fromkeys(STATUS_NAMES, 0) for party in PARTIES}
    for state in standing.states:
        counted[state.debtor][state.status] += 1
    return counted


def _missed(standing: Standing) -> Sequence[tuple[DutyState, Sequence[Said]]]:
    return [(state, standing.why(state)) for state in standing.missed]


def _inspections(standing: Standing) -> Sequence[DutyRecordView]:
    """Each once, the latest first, up to the day."""
    held = {record.record_id: record for record in standing.known if record.kind is RecordKind.INSPECTION_HELD}
    return sorted(held.values(), key=lambda record: record.at, reverse=True)


def _reasons(standing: Standing, status: Status) -> Sequence[Reason]:
    """The duties that stand so by their reason, so that each reason is said once."""
    found: defaultdict[Said, list[tuple[str, str]]] = defaultdict(list)
    for state in standing.states:
        if state.status is status:
            for said in standing.why(state):
                found[said].append((state.duty.number, SHORT[state.debtor]))
    return [Reason(said, duties) for said, duties in found.items()]
