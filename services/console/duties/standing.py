"""How all duties stand on a day, with what shows it: what is printed, written as a document and drawn as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from contracts.duties.assessing import CheckResult, DutyState, Part, Status, assess
from contracts.duties.duty import Checked, CheckName, NotSimulated
from contracts.http.duties import DutyRecordView
from contracts.vocabulary import business_date
from services.console.duties.words import SECTIONS, STATUS_NAMES, Said, how


class Seen(NamedTuple):
    """When and where duties were looked at."""

    at: datetime
    """The instant of the checks, which tell how things are and not how they were."""
    place: Said
    """The stack, or the folder."""
    where: Mapping[str, str]
    """URLs of the parties."""


@dataclass(frozen=True)
class Standing:
    """How the duties stand at the end of the day `on`; work began on the day `began`."""

    on: date
    began: date
    seen: Seen
    records: Sequence[DutyRecordView]
    checks: Sequence[CheckResult]
    states: Sequence[DutyState]

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many duties of a party stand so; the worst first."""
        counted = Counter(state.status for state in self.states)
        return {status: counted[status] for status in STATUS_NAMES}

    @property
    def missed(self) -> Sequence[DutyState]:
        return [state for state in self.states if state.status is Status.MISSED]

    @property
    def is_of_the_past(self) -> bool:
        return self.on < business_date(self.seen.at)

    @property
    def known(self) -> Sequence[DutyRecordView]:
        """The records there were at the end of the day."""
        return [record for record in self.records if business_date(record.at) <= self.on]

    def records_of(self, part: Part) -> Sequence[DutyRecordView]:
        """The records that show a part, each with every party that holds it."""
        wanted = set() if isinstance(part.shown, Checked) else set(part.evidence)
        return [record for record in self.records if record.record.path in wanted]

    def check_of(self, part: Part, debtor: str) -> CheckResult | None:
        return self._checks.get((debtor, part.shown.check)) if isinstance(part.shown, Checked) else None

    @property
    def _checks(self) -> Mapping[tuple[str, CheckName], CheckResult]:
        return {(result.party, result.check): result for result in self.checks}

    def why(self, state: DutyState) -> Sequence[Said]:
        """What led to the state: of the parts that stand so, what was found, or what is lacking."""
        worst = [part for part in state.parts if part.status is state.status]
        return [self._why(part, state.debtor) for part in worst]

    def _why(self, part: Part, debtor: str) -> Said:
        if isinstance(part.shown, NotSimulated):
            return Said(part.shown.japanese, part.shown.english)
        if (result := self.check_of(part, debtor)) is not None:
            return Said(result.japanese, result.found)
        said, due = how(part.shown), part.due_on
        match part.status:
            case Status.MISSED if due is not None:
                return Said(f"{said.japanese}：{due} までになかった", f"{said.english}: was owed by {due}")
            case Status.MISSED:
                return Said(f"{said.japanese}：不備又は遅延", f"{said.english}: found wrong, or late")
            case Status.DUE if due is not None:
                return Said(f"{said.japanese}：期限 {due}", f"{said.english}: by {due}")
            case _:
                return Said(said.japanese, said.english)


def stand(
    records: Sequence[DutyRecordView],
    checks: Sequence[CheckResult],
    *,
    on: date,
    began: date,
    seen: Seen,
) -> Standing:
    states = assess([view.record for view in records], checks, began=began, on=on)
    return Standing(on, began, seen, records, checks, states)


def document(standing: Standing) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "on": standing.on,
        "began": standing.began,
        "checked_at": standing.seen.at.isoformat(),
        "seen_in": standing.seen.place._asdict(),
        "summary": {status.name.lower(): count for status, count in standing.counts.items()},
        "duties": [_state(standing, state) for state in standing.states],
        "checks": [
            {"party": c.party, "check": c.check, "holds": c.holds, "found": c.found, "japanese": c.japanese}
            for c in standing.checks
        ],
        "records": [record.model_dump(mode="json") for record in standing.records],
    }


def _state(standing: Standing, state: DutyState) -> dict[str, Any]:
    duty = state.duty
    return {
        "number": duty.number,
        "section": SECTIONS[duty.number[0]]._asdict(),
        "debtor": state.debtor,
        "creditor": duty.owed_to,
        "japanese": duty.japanese,
        "english": duty.english,
        "status": state.status.name.lower(),
        "due_on": state.due_on,
        "why": [said._asdict() for said in standing.why(state)],
        "parts": list(_parts(standing, state)),
    }


def _parts(standing: Standing, state: DutyState) -> Iterator[dict[str, Any]]:
    for part in state.parts:
        result = standing.check_of(part, state.debtor)
        yield {
            "shown_by": how(part.shown)._asdict(),
            "status": part.status.name.lower(),
            "due_on": part.due_on,
            "records": [] if isinstance(part.shown, Checked) else list(part.evidence),
            "check": None if result is None else result.check,
        }
