"""HTTP bodies of the ward about the duties of its contractors."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from contracts.bounds import shown
from contracts.duties.clauses import BY_NUMBER
from contracts.events.duties import MOST_ENTRIES
from contracts.http.bodies import Body, GivenId, GivenTotalYen
from contracts.http.duties import GivenCount, GivenNote, GivenText
from contracts.parties import Contractor


def _duty(given: str) -> str:
    if given not in BY_NUMBER:
        raise ValueError(f"{shown(given)} is no duty of the contract; give a number such as D-12")
    return given


GivenDuty = Annotated[str, AfterValidator(_duty), Field(examples=["D-12"])]


class StatusInquiry(Body):
    """取扱状況の報告の求め"""

    contractor: Contractor
    about: GivenText


class GivenFinding(Body):
    """指摘事項: a duty that the contractor does not keep."""

    duty: GivenDuty
    found: GivenText


class InspectionRequest(Body):
    """立入調査: it has been held."""

    contractor: Contractor
    inspected_by: Annotated[GivenText, Field(examples=["介護保険課 管理係"])]
    checks: Annotated[GivenCount, Field(ge=1)]
    """How many duties were checked."""
    findings: Annotated[tuple[GivenFinding, ...], Field(max_length=MOST_ENTRIES)] = ()


class GuidanceRequest(Body):
    """改善の指導"""

    contractor: Contractor
    cause_id: GivenId
    """The finding, incident or certificate of erasure that gives cause."""
    duty: GivenDuty
    what: GivenText


class PublicationDetails(Body):
    """公表"""

    text: GivenText


class PublicationRequest(PublicationDetails):
    guidance_id: str


class ClaimRequest(Body):
    """損害賠償の請求"""

    contractor: Contractor
    incident_id: GivenId
    amount: GivenTotalYen


class ErasureVerdictDetails(Body):
    """消去の確認: a certificate is accepted, or rejected with the reason."""

    accepted: bool
    why: Annotated[GivenNote, Field(examples=["期日後の消去であるため"])] = ""

    @model_validator(mode="after")
    def _rejected_with_a_reason(self) -> Self:
        if self.accepted == bool(self.why):
            raise ValueError("a certificate is rejected with a reason (why), and accepted without one")
        return self


class ErasureVerdict(ErasureVerdictDetails):
    certificate_id: str
