"""Messages about protection as records of a register: which record each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any, Final, NamedTuple

from contracts import events as e
from contracts.duties.assessing import DutyRecord
from contracts.duties.clauses import DUTIES
from contracts.duties.duty import Answered, Checked, NotSimulated, RecordKind
from contracts.vocabulary import on_the_clock


class _Form(NamedTuple):
    """Which fields of a message its record has."""

    kind: RecordKind
    at: str
    due_on: str = ""
    answers: str = ""
    caused_at: str = ""
    record_id: str = "subject"


_FORMS: Final[Mapping[type[e.DutyEvent], _Form]] = {
    e.HandlersNamed: _Form(RecordKind.HANDLERS_NAMED, "named_at"),
    e.TrainingHeld: _Form(RecordKind.TRAINING_HELD, "held_at"),
    e.StatusRequested: _Form(RecordKind.STATUS_REQUESTED, "requested_at", "due_on"),
    e.StatusReported: _Form(RecordKind.STATUS_REPORTED, "reported_at", answers="request_id"),
    e.InspectionHeld: _Form(RecordKind.INSPECTION_HELD, "held_at"),
    e.GuidanceGiven: _Form(RecordKind.GUIDANCE_GIVEN, "given_at", "improve_by", "cause_id"),
    e.ImprovementReported: _Form(RecordKind.IMPROVEMENT_REPORTED, "reported_at", answers="guidance_id"),
    e.BreachPublished: _Form(RecordKind.BREACH_PUBLISHED, "published_at", answers="guidance_id"),
    e.IncidentNotified: _Form(
        RecordKind.INCIDENT_NOTIFIED, "notified_at", due_on="report_due_on", caused_at="noticed_at"
    ),
    e.IncidentReported: _Form(RecordKind.INCIDENT_REPORTED, "reported_at", answers="incident_id"),
    e.DamagesClaimed: _Form(RecordKind.DAMAGES_CLAIMED, "claimed_at", "due_on", "incident_id"),
    e.DamageMadeGood: _Form(RecordKind.DAMAGE_MADE_GOOD, "paid_at", answers="claim_id"),
    e.ErasureCertified: _Form(
        RecordKind.ERASURE_CERTIFIED, "erased_at", answers="erasure_id", record_id="certificate_id"
    ),
    e.ErasureChecked: _Form(RecordKind.ERASURE_CHECKED, "checked_at", answers="erasure_id", record_id="certificate_id"),
    e.TerminalUserLocked: _Form(RecordKind.TERMINAL_USER_LOCKED, "locked_at"),
    e.AccessLogCheckpointed: _Form(RecordKind.ACCESS_LOG_CHECKPOINTED, "on"),
}
KINDS: Final[Mapping[type[e.DutyEvent], RecordKind]] = {event: form.kind for event, form in _FORMS.items()}
ANSWERS: Final[Mapping[RecordKind, RecordKind]] = {
    shown.asked: shown.by for duty in DUTIES for shown in duty.shown if isinstance(shown, Answered)
}
"""What is owed → the record that answers it."""

ASKED_BY: Final[Mapping[RecordKind, RecordKind]] = {
    **{by: asked for asked, by in ANSWERS.items()},
    RecordKind.BREACH_PUBLISHED: RecordKind.GUIDANCE_GIVEN,
    RecordKind.DAMAGES_CLAIMED: RecordKind.INCIDENT_NOTIFIED,
}
"""A record → the kind of the one that it follows."""


def record_of(party: str, event: e.DutyEvent) -> DutyRecord:
    """The record of a message in the register of `party`, which sent or received it."""
    form = _FORMS[type(event)]
    value = {name: getattr(event, name) for name in (form.record_id, form.at)}
    at = value[form.at]
    return DutyRecord(
        party=party,
        kind=form.kind,
        record_id=value[form.record_id],
        contractor=str(event.contractor),
        at=at if isinstance(at, datetime) else on_the_clock(at, time.max),
        due_on=getattr(event, form.due_on) if form.due_on else None,
        answers=getattr(event, form.answers) if form.answers else "",
        caused_at=getattr(event, form.caused_at) if form.caused_at else None,
        holds=event.accepted if isinstance(event, e.ErasureChecked) else True,
        findings=tuple((f.finding_id, f.duty) for f in event.findings) if isinstance(event, e.InspectionHeld) else (),
    )


def findings_in(kind: RecordKind, content: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Id and duty of each finding, from a message as on the bus."""
    findings = content["findings"] if kind is RecordKind.INSPECTION_HELD else ()
    return tuple((finding_id, duty) for finding_id, duty, _ in findings)


def shown_by(kind: RecordKind, debtor: str) -> Iterable[str]:
    """The numbers of the duties of a party that records of this kind show."""
    for duty in DUTIES:
        if debtor in duty.owed_by and any(kind is shown_kind for shown in duty.shown for shown_kind in _kinds(shown)):
            yield duty.number


def _kinds(shown: object) -> tuple[RecordKind, ...]:
    match shown:
        case Answered(by=by):
            return (by,)
        case Checked() | NotSimulated():
            return ()
        case _:
            kind: RecordKind = shown.kind  # type: ignore[attr-defined]
            return (kind,)
