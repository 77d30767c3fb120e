"""消去の確認: the ward checks a certificate of erasure: its signature by machine, the rest by its staff."""

from __future__ import annotations

import msgspec

from contracts.duties.certificates import certificate_text
from contracts.duties.duty import RecordKind
from contracts.events import ErasureCertified, ErasureChecked
from contracts.http.duties import DutyRecordView
from contracts.http.ward.duties import ErasureVerdict
from contracts.vocabulary import Refusal
from services.chassis.duties.correspondence import Correspondence
from services.chassis.signing import is_signed
from services.chassis.transaction import Transaction

SIGNATURE_WRONG = "署名が証明書の内容と一致しない"
NOT_SIGNED = Refusal(
    "signature_wrong",
    "the certificate's signature is not that of its text by the key it names",
    "reject the certificate (accepted: false) and have the contractor send another one",
)


async def check_erasure(
    request: ErasureVerdict, tx: Transaction, *, correspondence: Correspondence
) -> DutyRecordView | Refusal:
    found = await correspondence.to_answer(
        RecordKind.ERASURE_CERTIFIED, request.certificate_id, RecordKind.ERASURE_CHECKED, tx
    )
    if isinstance(found, Refusal):
        return found
    certificate = msgspec.convert(found.content, ErasureCertified)
    if request.accepted and not has_right_signature(certificate):
        return NOT_SIGNED
    checked = ErasureChecked(
        contractor=certificate.contractor,
        erasure_id=certificate.erasure_id,
        certificate_id=request.certificate_id,
        checked_at=tx.now,
        accepted=request.accepted,
        why=request.why,
    )
    return await correspondence.send(checked, tx)


def has_right_signature(certificate: ErasureCertified) -> bool:
    return is_signed(certificate.public_key, certificate.signature, certificate_text(certificate))
