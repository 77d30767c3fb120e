"""How each duty stands on a day, from records and checks. Pure.

A duty is as its worst part is: missed before due, due before unchecked, unchecked before fulfilled; no case before
not simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from contracts.calendar import fiscal_year
from contracts.duties.clauses import DUTIES
from contracts.duties.duty import (
    CONTRACTORS,
    Answered,
    AtStart,
    Checked,
    CheckName,
    Duty,
    NotSimulated,
    Promptly,
    RecordKind,
    Shown,
    WhereNeeded,
    Yearly,
)
from contracts.parties import WARD
from contracts.vocabulary import business_date


class Status(IntEnum):
    """The worst is the greatest."""

    NOT_SIMULATED = 0  # 模擬対象外
    NO_CASE = 1  # 該当なし
    FULFILLED = 2  # 履行済
    UNCHECKED = 3  # 未確認: what a machine could check cannot be checked here
    DUE = 4  # 期限前
    MISSED = 5  # 未履行


class DutyRecord(NamedTuple):
    """A record of a party's register. `party` keeps it; it concerns `contractor`, or the ward itself."""

    party: str
    kind: RecordKind
    record_id: str
    contractor: str
    """A contractor's principal, or `ward` for what the ward owes itself, as its staff's training."""
    at: datetime
    due_on: date | None = None
    """By when what it asks for is owed."""
    answers: str = ""
    """Id of the record that it answers."""
    caused_at: datetime | None = None
    """When its cause arose: an incident was noticed."""
    holds: bool = True
    """False for a check that found something wrong."""
    findings: tuple[tuple[str, str], ...] = ()
    """指摘事項 of an inspection: id, and number of the duty that was found not kept."""

    @property
    def path(self) -> str:
        """Kind and id, as below `/duties/records/`: a message and its answer may have the same id."""
        return f"{self.kind}/{self.record_id}"


class CheckResult(NamedTuple):
    """What a machine's check of one party found. `holds` is None where it cannot be checked: `found` says why."""

    party: str
    check: CheckName
    holds: bool | None
    found: str
    """In English, with numbers that can be found again."""
    japanese: str


class Part(NamedTuple):
    """How one of the ways in which a duty is shown stands. `evidence` are paths of records, or a check's finding."""

    shown: Shown
    status: Status
    due_on: date | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DutyState:
    """How a duty of one party stands."""

    duty: Duty
    debtor: str
    parts: tuple[Part, ...]

    @property
    def status(self) -> Status:
        return max(part.status for part in self.parts)

    @property
    def due_on(self) -> date | None:
        """The earliest day by which something is owed, if nothing was missed."""
        return min((p.due_on for p in self.parts if p.status is Status.DUE and p.due_on is not None), default=None)


def assess(
    records: Iterable[DutyRecord],
    checks: Iterable[CheckResult],
    *,
    began: date,
    on: date,
    duties: Iterable[Duty] = DUTIES,
) -> Sequence[DutyState]:
    """How each duty of each party stands at the end of the day `on`; work began on the day `began`."""
    known = _Known(
        [r for r in records if business_date(r.at) <= on], {(c.party, c.check): c for c in checks}, began, on
    )
    return [
        DutyState(duty, debtor, (*(_part(shown, debtor, known) for shown in duty.shown), *_found(duty, debtor, known)))
        for duty in duties
        for debtor in duty.owed_by
    ]


@dataclass(frozen=True, slots=True)
class _Known:
    records: Sequence[DutyRecord]
    checks: Mapping[tuple[str, CheckName], CheckResult]
    began: date
    on: date

    def of(self, kind: RecordKind, contractor: str) -> Sequence[DutyRecord]:
        """The records of a kind that concern a contractor, each once, the oldest first."""
        found = {r.record_id: r for r in self.records if r.kind is kind and r.contractor == contractor}
        return sorted(found.values(), key=lambda r: (r.at, r.record_id))

    @property
    def years(self) -> Iterator[int]:
        return iter(range(fiscal_year(self.began), fiscal_year(self.on) + 1))


def _part(shown: Shown, debtor: str, known: _Known) -> Part:
    judge: Callable[..., Part] = _JUDGES[type(shown)]
    return judge(shown, debtor, known)


def _checked(shown: Checked, debtor: str, known: _Known) -> Part:
    result = known.checks.get((debtor, shown.check))
    if result is None:
        return Part(shown, Status.MISSED, None, ("not checked",))
    status = {None: Status.UNCHECKED, True: Status.FULFILLED, False: Status.MISSED}[result.holds]
    return Part(shown, status, None, (result.found,))


def _at_start(shown: AtStart, debtor: str, known: _Known) -> Part:
    found = known.of(shown.kind, debtor)
    if found:
        late = business_date(found[0].at) > known.began
        return Part(shown, Status.MISSED if late else Status.FULFILLED, None, _paths(found))
    return Part(shown, Status.DUE if known.on <= known.began else Status.MISSED, known.began, ())


def _yearly(shown: Yearly, debtor: str, known: _Known) -> Part:
    """What the ward has to do for each contractor counts for each."""
    inspects = debtor == WARD and shown.kind is RecordKind.INSPECTION_HELD
    parts = [_of_each_year(shown, about, known) for about in (CONTRACTORS if inspects else (debtor,))]
    worst = max(part.status for part in parts)
    due = min((p.due_on for p in parts if p.due_on is not None), default=None)
    return Part(shown, worst, due, tuple(dict.fromkeys(i for p in parts for i in p.evidence)))


def _of_each_year(shown: Yearly, about: str, known: _Known) -> Part:
    found = known.of(shown.kind, about)
    years = {fiscal_year(business_date(record.at)) for record in found}
    missing = [year for year in known.years if year not in years]
    if not missing:
        return Part(shown, Status.FULFILLED, None, _paths(found))
    due = date(missing[0] + 1, 3, 31)
    return Part(shown, Status.DUE if known.on <= due else Status.MISSED, due, _paths(found))


def _answered(shown: Answered, debtor: str, known: _Known) -> Part:
    asked, answers = known.of(shown.asked, debtor), known.of(shown.by, debtor)
    by_asked = {answer.answers: answer for answer in reversed(answers)}
    parts = [_answer(shown, record, by_asked.get(record.record_id), known.on) for record in asked]
    if not parts:
        return Part(shown, Status.NO_CASE, None, ())
    worst = max(part.status for part in parts)
    due = min((p.due_on for p in parts if p.status is worst and p.due_on is not None), default=None)
    return Part(shown, worst, due, tuple(i for part in parts for i in part.evidence))


def _answer(shown: Answered, asked: DutyRecord, answer: DutyRecord | None, on: date) -> Part:
    evidence = _paths([asked] if answer is None else [asked, answer])
    last = asked.due_on
    if answer is not None:
        late = last is not None and business_date(answer.at) > last
        return Part(shown, Status.MISSED if late else Status.FULFILLED, last, evidence)
    return Part(shown, Status.MISSED if last is not None and on > last else Status.DUE, last, evidence)


def _promptly(shown: Promptly, debtor: str, known: _Known) -> Part:
    found = known.of(shown.kind, debtor)
    if not found:
        return Part(shown, Status.NO_CASE, None, ())
    most = timedelta(hours=shown.hours)
    late = any(r.caused_at is not None and r.at - r.caused_at > most for r in found)
    return Part(shown, Status.MISSED if late else Status.FULFILLED, None, _paths(found))


def _where_needed(shown: WhereNeeded, debtor: str, known: _Known) -> Part:
    abouts = CONTRACTORS if debtor == WARD else (debtor,)
    found = [record for about in abouts for record in known.of(shown.kind, about)]
    if not found:
        return Part(shown, Status.NO_CASE, None, ())
    last_words = {record.answers or record.record_id: record for record in found}
    wrong = any(not record.holds for record in last_words.values())
    return Part(shown, Status.MISSED if wrong else Status.FULFILLED, None, _paths(found))


def _found(duty: Duty, debtor: str, known: _Known) -> Iterator[Part]:
    """指摘事項: a duty that an inspection found not kept is missed until the improvement is reported."""
    inspections = known.of(RecordKind.INSPECTION_HELD, debtor)
    findings = [(held, found) for held in inspections for found, number in held.findings if number == duty.number]
    if not findings:
        return
    guidances = {guidance.answers: guidance for guidance in known.of(RecordKind.GUIDANCE_GIVEN, debtor)}
    improvements = {done.answers: done for done in known.of(RecordKind.IMPROVEMENT_REPORTED, debtor)}
    guided = [guidances.get(found) for _, found in findings]
    improved = [None if guidance is None else improvements.get(guidance.record_id) for guidance in guided]
    evidence = dict.fromkeys(record for record in (*(held for held, _ in findings), *guided, *improved) if record)
    status = Status.FULFILLED if all(improved) else Status.MISSED
    yield Part(WhereNeeded(RecordKind.INSPECTION_HELD), status, None, _paths(evidence))


def _not_simulated(shown: NotSimulated, debtor: str, known: _Known) -> Part:
    return Part(shown, Status.NOT_SIMULATED, None, ())


def _paths(records: Iterable[DutyRecord]) -> tuple[str, ...]:
    return tuple(record.path for record in records)


_JUDGES: Mapping[type[Shown], Callable[..., Part]] = {
    Checked: _checked,
    AtStart: _at_start,
    Yearly: _yearly,
    Answered: _answered,
    Promptly: _promptly,
    WhereNeeded: _where_needed,
    NotSimulated: _not_simulated,
}
