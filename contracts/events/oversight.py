"""The protection of personal data: what the ward (甲) asks of each contractor and tells it about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec

from contracts.events.duties import MOST_ENTRIES, DutyEvent, FiscalYear
from contracts.events.event import Count, DepositYen, Event, Id, Text


class Finding(msgspec.Struct, frozen=True, array_like=True):
    """指摘事項: a duty that an inspection found not kept."""

    finding_id: Id
    duty: Text
    """Its number in the list of duties (`contracts.duties`), such as D-12."""
    found: Text


class StatusRequested(DutyEvent, frozen=True, kw_only=True):
    """取扱状況の報告の求め: the ward asks how the data are handled."""

    TYPE: ClassVar[str] = "sansha.duties.status_requested.v1"
    request_id: Id
    requested_at: datetime
    due_on: date
    about: Text

    @property
    def subject(self) -> str:
        return self.request_id


class InspectionHeld(DutyEvent, frozen=True, kw_only=True):
    """立入調査: the ward inspected the contractor; at least once in each fiscal year."""

    TYPE: ClassVar[str] = "sansha.duties.inspection_held.v1"
    inspection_id: Id
    fiscal_year: FiscalYear
    held_at: datetime
    inspected_by: Text
    checks: Count
    """How many duties were checked."""
    findings: Annotated[tuple[Finding, ...], msgspec.Meta(max_length=MOST_ENTRIES)]

    @property
    def subject(self) -> str:
        return self.inspection_id


class GuidanceGiven(DutyEvent, frozen=True, kw_only=True):
    """改善の指導: the ward orders improvement."""

    TYPE: ClassVar[str] = "sansha.duties.guidance_given.v1"
    guidance_id: Id
    cause_id: Id
    """The finding, incident or erasure that gave cause."""
    duty: Text
    given_at: datetime
    what: Text
    improve_by: date

    @property
    def subject(self) -> str:
        return self.guidance_id


class BreachPublished(DutyEvent, frozen=True, kw_only=True):
    """公表: the ward publishes the fact of a breach."""

    TYPE: ClassVar[str] = "sansha.duties.breach_published.v1"
    guidance_id: Id
    published_at: datetime
    text: Text

    @property
    def subject(self) -> str:
        return self.guidance_id


class DamagesClaimed(DutyEvent, frozen=True, kw_only=True):
    """損害賠償の請求: the ward claims damage from an incident."""

    TYPE: ClassVar[str] = "sansha.duties.damages_claimed.v1"
    claim_id: Id
    incident_id: Id
    amount: DepositYen
    claimed_at: datetime
    due_on: date

    @property
    def subject(self) -> str:
        return self.claim_id


class ErasureChecked(DutyEvent, frozen=True, kw_only=True):
    """消去の確認: the ward checked a certificate of erasure."""

    TYPE: ClassVar[str] = "sansha.duties.erasure_checked.v1"
    erasure_id: Id
    certificate_id: Id
    checked_at: datetime
    accepted: bool
    why: Text
    """What is wrong with it; empty if it was accepted."""

    @property
    def subject(self) -> str:
        return self.erasure_id

    @property
    def natural_key(self) -> tuple[str, ...]:
        return (self.certificate_id,)


WARD_EVENTS: tuple[type[Event], ...] = (
    StatusRequested,
    InspectionHeld,
    GuidanceGiven,
    BreachPublished,
    DamagesClaimed,
    ErasureChecked,
)
"""What the ward alone tells a contractor; it sends `AccessLogCheckpointed` as well."""
