"""HTTP bodies about the duties that protect personal data: what a party's register holds, what contractors enter."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from contracts.bounds import MOST_PAYMENTS, wrong_text
from contracts.duties.assessing import DutyRecord
from contracts.duties.duty import RecordKind
from contracts.events.duties import MOST_ENTRIES
from contracts.http.bodies import Body, GivenInstant, InstantOfTime, WholeNumber
from contracts.vocabulary import HandlerRole, IncidentKind


def _storable(given: str) -> str:
    if wrong := wrong_text(given):
        raise ValueError(wrong)
    return given


GivenNote = Annotated[str, AfterValidator(_storable)]
"""May be empty."""
GivenText = Annotated[GivenNote, Field(min_length=1)]
"""At most 1,000 bytes, without control characters: a longer text is several paragraphs."""
GivenCount = Annotated[WholeNumber, Field(ge=0, le=MOST_PAYMENTS)]


class DutyRecordView(Body):
    """A record of a party's register of duties."""

    party: str
    """Whose register it is in."""
    kind: RecordKind
    record_id: str
    contractor: str
    """The contractor that it concerns; `ward` for what the ward owes itself."""
    at: InstantOfTime
    due_on: date | None = None
    """By when what it asks for is owed."""
    answers: str = ""
    """Id of the record that it answers."""
    caused_at: datetime | None = None
    """When its cause arose."""
    holds: bool = True
    """False for a check that found something wrong."""
    findings: tuple[tuple[str, str], ...] = ()
    """指摘事項 of an inspection: id, and number of the duty that was found not kept."""
    content: dict[str, Any]
    """The message itself, as on the bus."""

    @property
    def record(self) -> DutyRecord:
        return DutyRecord(
            self.party,
            self.kind,
            self.record_id,
            self.contractor,
            self.at,
            self.due_on,
            self.answers,
            self.caused_at,
            self.holds,
            self.findings,
        )


class ErasureRequest(Body):
    """消去: what is due and not done, and what the ward rejected; or at the contract's end all that is settled."""

    end_of_contract: bool = False


class ErasureView(Body):
    """消去の記録: an erasure that is due, or was carried out."""

    erasure_id: str
    due_on: date
    data_until: date
    """The last day whose data are erased."""
    erased_at: InstantOfTime | None = None
    finished_at: InstantOfTime | None = None
    """When nothing was left of it in files and keys, and it was certified."""
    certificates: int = 0
    keys_before: str = ""
    """Keys of the months before this one are destroyed."""
    kinds: dict[str, int] = Field(default_factory=dict)
    """Kind of data → how many rows or files were erased."""
    kept: tuple[str, ...] = ()
    """Payments that were not settled; a further erasure follows."""


class ErasuresAnswer(Body):
    erasures: tuple[ErasureView, ...]


class GivenHandler(Body):
    name: Annotated[GivenText, Field(examples=["佐藤 恵子"])]
    role: HandlerRole
    task: Annotated[GivenText, Field(examples=["収納データの作成"])]


class HandlersRequest(Body):
    """取扱責任者等の報告: all who handle the data from now on, one of them responsible."""

    handlers: Annotated[tuple[GivenHandler, ...], Field(min_length=1, max_length=MOST_ENTRIES)]


class TrainingRequest(Body):
    """研修: what was taught, and to how many."""

    taught: Annotated[GivenText, Field(examples=["個人情報保護条例と特記事項"])]
    attendees: Annotated[GivenCount, Field(ge=1)]


class IncidentRequest(Body):
    """事故の通知"""

    incident_kind: IncidentKind
    noticed_at: GivenInstant
    what: GivenText
    persons: GivenCount = 0
    """Whose data may be concerned, as far as is known."""


class GivenParagraph(Body):
    heading: Annotated[GivenText, Field(examples=["原因"])]
    text: GivenText


Report = Annotated[tuple[GivenParagraph, ...], Field(min_length=1, max_length=MOST_ENTRIES)]


class ReportDetails(Body):
    """書面: a report in paragraphs."""

    report: Report


class IncidentReportRequest(ReportDetails):
    incident_id: str


class ImprovementRequest(ReportDetails):
    guidance_id: str


class StatusReportRequest(Body):
    """取扱状況報告: the figures come from the contractor's own records."""

    request_id: str


class DamagesPayment(Body):
    """損害の賠償: the claim is paid in full."""

    claim_id: str
