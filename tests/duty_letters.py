"""A message of each kind, as it is in the ward's register, and its letter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import Final

import msgspec

from contracts import events as e
from contracts.duties.certificates import certificate_text
from contracts.duties.duty import RecordKind
from contracts.duties.recording import ASKED_BY, record_of
from contracts.parties import WARD, Contractor
from contracts.signatures import fingerprint_of
from contracts.vocabulary import HandlerRole, IncidentKind, Yen, on_the_clock
from services.chassis.duties.letter_forms import Matter
from services.chassis.duties.letters import letter_of
from services.chassis.duties.register import Registered
from services.chassis.paper.letter import Letter
from services.chassis.signing import Signer

UC: Final = Contractor.CARD_AGENT_UC
AT: Final = on_the_clock(date(2021, 8, 5), time(14, 5))
SIGNER: Final = Signer("11" * 32, lambda: b"")
RESPONSIBLE: Final = "佐藤 恵子"
_REPORT = (e.Paragraph("原因", "封筒の取違え。"), e.Paragraph("再発防止", "二名で確認する。"))


def certificate(certificate_id: str = "e1/1", *, signed: bool = True) -> e.ErasureCertified:
    """With `signed` its signature is right."""
    unsigned = e.ErasureCertified(
        contractor=UC,
        erasure_id="e1",
        certificate_id=certificate_id,
        due_on=date(2021, 8, 5),
        erased_at=AT,
        data_until=date(2021, 3, 31),
        kinds=(e.ErasedKind("与信・代理納付", 1_203),),
        how="行の削除、期間の鍵の廃棄",
        responsible=RESPONSIBLE,
        public_key=SIGNER.public_key,
        signature="",
    )
    text = certificate_text(unsigned)
    return msgspec.structs.replace(unsigned, signature=SIGNER.sign(text if signed else f"{text} "))


MESSAGES: Final[tuple[e.DutyEvent, ...]] = (
    e.HandlersNamed(
        contractor=UC,
        register_id="h1",
        fiscal_year=2021,
        named_at=AT,
        handlers=(
            e.Handler(RESPONSIBLE, HandlerRole.RESPONSIBLE, "総括"),
            e.Handler("鈴木 直樹", HandlerRole.HANDLER, "精算"),
        ),
    ),
    e.TrainingHeld(contractor=UC, training_id="t1", fiscal_year=2021, held_at=AT, taught="条例", attendees=9),
    e.StatusRequested(contractor=UC, request_id="q1", requested_at=AT, due_on=date(2021, 8, 19), about="定期報告"),
    e.StatusReported(contractor=UC, request_id="q1", reported_at=AT, figures=(e.Figure("支払", 12_345),)),
    e.IncidentNotified(
        contractor=UC,
        incident_id="i1",
        incident_kind=IncidentKind.LEAK,
        noticed_at=AT,
        notified_at=AT,
        what="精算明細の誤送付",
        persons=12,
        report_due_on=date(2021, 8, 19),
    ),
    e.IncidentReported(contractor=UC, incident_id="i1", reported_at=AT, report=_REPORT),
    e.InspectionHeld(
        contractor=UC,
        inspection_id="s1",
        fiscal_year=2021,
        held_at=AT,
        inspected_by="介護保険課",
        checks=33,
        findings=(e.Finding("f1", "D-18", "研修の記録がない。"),),
    ),
    e.GuidanceGiven(
        contractor=UC,
        guidance_id="g1",
        cause_id="f1",
        duty="D-18",
        given_at=AT,
        what="研修を行うこと。",
        improve_by=date(2021, 9, 4),
    ),
    e.ImprovementReported(contractor=UC, guidance_id="g1", reported_at=AT, report=_REPORT),
    e.BreachPublished(contractor=UC, guidance_id="g1", published_at=AT, text="研修を怠った。"),
    e.DamagesClaimed(
        contractor=UC, claim_id="c1", incident_id="i1", amount=Yen(150_000), claimed_at=AT, due_on=date(2021, 9, 4)
    ),
    e.DamageMadeGood(contractor=UC, claim_id="c1", amount=Yen(150_000), paid_at=AT),
    certificate(),
    e.ErasureChecked(
        contractor=UC, erasure_id="e1", certificate_id="e1/1", checked_at=AT, accepted=False, why="期日後の消去"
    ),
    e.TerminalUserLocked(
        contractor=Contractor.PAYMENT_PROVIDER, lockout_id="l1", user="suzuki", locked_at=AT, until=AT, failures=5
    ),
    e.AccessLogCheckpointed(
        contractor=UC,
        party=UC,
        on=date(2021, 8, 5),
        number=1_234,
        mark="ab" * 32,
        public_key=SIGNER.public_key,
        signature="cd" * 64,
    ),
)


def registered(event: e.DutyEvent) -> Registered:
    return Registered(record_of(WARD, event), msgspec.to_builtins(event))


REGISTER: Final[Mapping[RecordKind, Registered]] = {entry.record.kind: entry for entry in map(registered, MESSAGES)}


def letter(kind: RecordKind, entry: Registered | None = None) -> Letter:
    asked = ASKED_BY.get(kind)
    before = None if asked is None else REGISTER.get(asked)
    return letter_of(Matter(entry or REGISTER[kind], before, RESPONSIBLE, fingerprint_of))
