"""消去の確認: the ward checks a certificate of erasure: its signature, signer and counts, by what it knows itself."""

from __future__ import annotations

import msgspec

from contracts.duties.duty import RecordKind
from contracts.events import ErasureCertified, ErasureChecked
from contracts.http.duties import DutyRecordView
from contracts.http.ward.duties import ErasureVerdict
from contracts.vocabulary import Refusal
from services.chassis.duties.correspondence import Correspondence
from services.chassis.transaction import Transaction
from services.ward.domain.erasure_check import SIGNATURE_WRONG, fault_of
from services.ward.queries.erased_payments import claim_of

NOT_SIGNED = Refusal(
    "signature_wrong",
    "the certificate's signature is not that of its text by the key it names",
    "reject the certificate (accepted: false) and have the contractor send another one",
)


async def check_erasure(
    request: ErasureVerdict, tx: Transaction, *, correspondence: Correspondence
) -> DutyRecordView | Refusal:
    """A certificate with a fault cannot be accepted."""
    found = await correspondence.to_answer(
        RecordKind.ERASURE_CERTIFIED, request.certificate_id, RecordKind.ERASURE_CHECKED, tx
    )
    if isinstance(found, Refusal):
        return found
    certificate = msgspec.convert(found.content, ErasureCertified)
    fault = fault_of(await claim_of(tx.session, certificate, correspondence.register))
    if request.accepted and fault:
        return NOT_SIGNED if fault == SIGNATURE_WRONG else _wrong(fault)
    return await _answer(certificate, request.accepted, request.why, tx, correspondence)


async def check_as_staff(certificate_id: str, tx: Transaction, *, correspondence: Correspondence) -> None:
    """The simulated staff accept a certificate without a fault, and reject any other, saying why."""
    found = await correspondence.to_answer(RecordKind.ERASURE_CERTIFIED, certificate_id, RecordKind.ERASURE_CHECKED, tx)
    if isinstance(found, Refusal):
        return
    certificate = msgspec.convert(found.content, ErasureCertified)
    fault = fault_of(await claim_of(tx.session, certificate, correspondence.register))
    await _answer(certificate, not fault, fault, tx, correspondence)


async def _answer(
    certificate: ErasureCertified, accepted: bool, why: str, tx: Transaction, correspondence: Correspondence
) -> DutyRecordView:
    checked = ErasureChecked(
        contractor=certificate.contractor,
        erasure_id=certificate.erasure_id,
        certificate_id=certificate.certificate_id,
        checked_at=tx.now,
        accepted=accepted,
        why=why,
    )
    return await correspondence.send(checked, tx)


def _wrong(fault: str) -> Refusal:
    return Refusal(
        "certificate_wrong",
        f"the certificate does not agree with what the ward has: {fault}",
        "reject the certificate (accepted: false) and have the contractor send another one",
    )
