"""The protection of personal data: what each contractor (乙, 丙) tells the ward. `oversight.py` has the other way.

The contract's annex (特記事項) obliges them to. A message that asks for something names the day by which it is owed;
what answers it names its id. Signatures are Ed25519, in hex.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from contracts.events.event import Count, DepositYen, Event, Id, Text
from contracts.parties import Contractor
from contracts.vocabulary import HandlerRole, IncidentKind

MOST_ENTRIES = 200
"""Persons, paragraphs, findings or kinds of data in one message."""

FiscalYear = Annotated[int, msgspec.Meta(ge=2000, le=2098)]
Entries = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Number of entries of an access log."""


class Paragraph(msgspec.Struct, frozen=True, array_like=True):
    """A part of a written report."""

    heading: Text
    text: Text


class Handler(msgspec.Struct, frozen=True, array_like=True):
    """取扱責任者 or 従事者: who handles the data at a contractor."""

    name: Text
    role: HandlerRole
    task: Text


class Figure(msgspec.Struct, frozen=True, array_like=True):
    """A figure of a report on handling: what is counted, and how many there are."""

    name: Text
    count: Count


class ErasedKind(msgspec.Struct, frozen=True, array_like=True):
    """A kind of data that was erased: its name in the contractor's rules, and how many rows, files or keys."""

    name: Text
    count: Count


class DutyEvent(Event, frozen=True, kw_only=True):
    """A message between the ward and one contractor."""

    contractor: Contractor

    @property
    def key(self) -> str:
        return self.contractor


class HandlersNamed(DutyEvent, frozen=True, kw_only=True):
    """取扱責任者等の報告: the responsible person and all handlers, as they are from now on."""

    TYPE: ClassVar[str] = "sansha.duties.handlers_named.v1"
    register_id: Id
    fiscal_year: FiscalYear
    named_at: datetime
    handlers: Annotated[tuple[Handler, ...], msgspec.Meta(max_length=MOST_ENTRIES)]

    @property
    def subject(self) -> str:
        return self.register_id


class TrainingHeld(DutyEvent, frozen=True, kw_only=True):
    """研修の実施報告: staff were trained and told of the ordinance."""

    TYPE: ClassVar[str] = "sansha.duties.training_held.v1"
    training_id: Id
    fiscal_year: FiscalYear
    held_at: datetime
    taught: Text
    attendees: Count

    @property
    def subject(self) -> str:
        return self.training_id


class StatusReported(DutyEvent, frozen=True, kw_only=True):
    """取扱状況の報告: how the data are handled, in figures of the contractor's own records."""

    TYPE: ClassVar[str] = "sansha.duties.status_reported.v1"
    request_id: Id
    reported_at: datetime
    figures: Annotated[tuple[Figure, ...], msgspec.Meta(max_length=MOST_ENTRIES)]

    @property
    def subject(self) -> str:
        return self.request_id


class IncidentNotified(DutyEvent, frozen=True, kw_only=True):
    """事故の通知: an incident, one that threatens, or a breach of these duties; told at once."""

    TYPE: ClassVar[str] = "sansha.duties.incident_notified.v1"
    incident_id: Id
    incident_kind: IncidentKind
    noticed_at: datetime
    notified_at: datetime
    what: Text
    persons: Count
    """Whose data may be concerned."""
    report_due_on: date
    """By when the written report is owed."""

    @property
    def subject(self) -> str:
        return self.incident_id


class IncidentReported(DutyEvent, frozen=True, kw_only=True):
    """事故報告書: course, cause, effect, measures and prevention, in writing."""

    TYPE: ClassVar[str] = "sansha.duties.incident_reported.v1"
    incident_id: Id
    reported_at: datetime
    report: Annotated[tuple[Paragraph, ...], msgspec.Meta(max_length=MOST_ENTRIES)]

    @property
    def subject(self) -> str:
        return self.incident_id


class ImprovementReported(DutyEvent, frozen=True, kw_only=True):
    """改善報告: what was done about a guidance."""

    TYPE: ClassVar[str] = "sansha.duties.improvement_reported.v1"
    guidance_id: Id
    reported_at: datetime
    report: Annotated[tuple[Paragraph, ...], msgspec.Meta(max_length=MOST_ENTRIES)]

    @property
    def subject(self) -> str:
        return self.guidance_id


class ErasureCertified(DutyEvent, frozen=True, kw_only=True):
    """消去証明書: data were erased on their day; the certificate is signed for the responsible person."""

    TYPE: ClassVar[str] = "sansha.duties.erasure_certified.v1"
    erasure_id: Id
    certificate_id: Id
    """A certificate that the ward rejected is followed by another one of the same erasure."""
    due_on: date
    erased_at: datetime
    data_until: date
    """The last day whose data were erased."""
    kinds: Annotated[tuple[ErasedKind, ...], msgspec.Meta(max_length=MOST_ENTRIES)]
    kept_count: Count = 0
    """Payments of that time that are not settled, and so still needed; a further erasure follows."""
    kept: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MOST_ENTRIES)] = ()
    """The first of them."""
    how: Text
    responsible: Text
    """The responsible person who answers for it."""
    public_key: Text
    signature: Text
    """Of `contracts.duties.certificates.certificate_text`."""

    @property
    def subject(self) -> str:
        return self.erasure_id

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.certificate_id,)


class DamageMadeGood(DutyEvent, frozen=True, kw_only=True):
    """損害の賠償: a claim was paid."""

    TYPE: ClassVar[str] = "sansha.duties.damage_made_good.v1"
    claim_id: Id
    amount: DepositYen
    paid_at: datetime

    @property
    def subject(self) -> str:
        return self.claim_id


class TerminalUserLocked(DutyEvent, frozen=True, kw_only=True):
    """端末利用者の停止: a user of the ward's terminal was locked out after failed attempts."""

    TYPE: ClassVar[str] = "sansha.duties.terminal_user_locked.v1"
    lockout_id: Id
    user: Text
    locked_at: datetime
    until: datetime
    failures: Count

    @property
    def subject(self) -> str:
        return self.lockout_id


class AccessLogCheckpointed(DutyEvent, frozen=True, kw_only=True):
    """アクセス記録の照合点: the last entry of a party's access log on a day, signed; the other party keeps it."""

    TYPE: ClassVar[str] = "sansha.duties.access_log_checkpointed.v1"
    party: Text
    """Whose log it is: the contractor's or the ward's."""
    on: date
    number: Entries
    mark: Text
    public_key: Text
    signature: Text

    @property
    def subject(self) -> str:
        return f"{self.party}/{self.on}"

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.contractor, self.subject)


CONTRACTOR_EVENTS: tuple[type[Event], ...] = (
    HandlersNamed,
    TrainingHeld,
    StatusReported,
    IncidentNotified,
    IncidentReported,
    ImprovementReported,
    ErasureCertified,
    DamageMadeGood,
    TerminalUserLocked,
    AccessLogCheckpointed,
)
"""What a contractor tells the ward."""
