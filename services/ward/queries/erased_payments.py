"""消去の確認: what the ward has of a contractor, to hold a certificate against."""

from __future__ import annotations

import msgspec
from sqlalchemy import distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.certificates import certificate_text
from contracts.duties.duty import RecordKind
from contracts.duties.erasing import PAYMENTS_KIND, Cut
from contracts.events import ErasureCertified
from contracts.parties import PAYMENT_PROVIDER
from services.chassis.duties.register import Register, Wanted
from services.chassis.signing import is_signed
from services.ward import tables
from services.ward.domain.erasure_check import Claim


async def claim_of(session: AsyncConnection, certificate: ErasureCertified, register: Register) -> Claim:
    contractor = str(certificate.contractor)
    return Claim(
        is_signed=is_signed(certificate.public_key, certificate.signature, certificate_text(certificate)),
        responsible=certificate.responsible,
        named=await register.responsible(session, contractor, certificate.erased_at),
        payments=await _certified(session, certificate, register) + certificate.kept_count,
        received=await _received(session, contractor, Cut(certificate.data_until)),
    )


async def _certified(session: AsyncConnection, certificate: ErasureCertified, register: Register) -> int:
    """Payments that all erasures up to this one's last day have erased; of an erasure, its last certificate counts."""
    wanted = Wanted(RecordKind.ERASURE_CERTIFIED, str(certificate.contractor))
    sent = [msgspec.convert(entry.content, ErasureCertified) for entry in await register.listed(session, wanted)]
    earliest_first = sorted([*sent, certificate], key=lambda one: (one.erased_at, one.certificate_id))
    last = {one.erasure_id: one for one in earliest_first if one.data_until <= certificate.data_until}
    return sum(kind.count for one in last.values() for kind in one.kinds if kind.name == PAYMENTS_KIND)


async def _received(session: AsyncConnection, contractor: str, cut: Cut) -> int:
    r = tables.receipts.c
    query = select(func.count(distinct(r.payment_id))).where(r.paid_at < cut.before)
    if contractor != PAYMENT_PROVIDER:
        query = query.where(r.settler == contractor.rpartition(".")[2])
    return int((await session.execute(query)).scalar_one())
