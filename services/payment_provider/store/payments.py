"""Consents, payments, and the receipt data delivered of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import starmap
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk, Changes
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.payment_provider.domain.payment import Payment
from services.payment_provider.tables import anomalies, consents, payments, receipts

_PAYMENT = [payments.c[name] for name in Payment._fields]
_CONSENTS = Lookup(select(consents.c.consent_id, consents.c.terms_version).where(in_list(consents.c.consent_id)))
_BY_ID = select(*_PAYMENT).where(in_list(payments.c.payment_id)).order_by(payments.c.payment_id)
_FOUND, _LOCKED_BY_ID = Lookup(_BY_ID, Payment), Lookup(_BY_ID.with_for_update(), Payment)
_ANOMALY_WAITS = exists().where(anomalies.c.payment_id.is_(None)).label("anomaly_waits")
_LOCKED_TO_TAKE = Lookup(_BY_ID.add_columns(_ANOMALY_WAITS).with_for_update(of=payments))
_ADD, _ADD_RECEIPTS = Bulk(payments.insert(), by=("slip_number", "attempt")), Bulk(receipts.insert())
_CHANGES = Changes(payments)
_ADD_CONSENTS = Bulk(consents.insert(), only_missing=True)
_OF_SLIPS = Lookup(
    select(*_PAYMENT).where(in_list(payments.c.slip_number)).order_by(payments.c.payment_id).with_for_update(),
    Payment,
)
_RECEIPTS = select(receipts).where(in_list(receipts.c.payment_id)).order_by(receipts.c.kind, receipts.c.repetition)


async def add_consents(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record who accepted which terms."""
    await _ADD_CONSENTS.execute(session, rows)


async def known_consents(session: AsyncConnection, ids: Collection[str]) -> Mapping[str, str]:
    """Consent id → version of the terms."""
    return dict(await _CONSENTS.rows(session, ids=list(ids)))


async def lock_of_slips(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, list[Payment]]:
    """Slip number → all its payments, the first first, locked in order of payment id; none where it has none."""
    of_slips: defaultdict[str, list[Payment]] = defaultdict(list)
    for payment in await _OF_SLIPS.rows(session, ids=list(slip_numbers)):
        of_slips[payment.slip_number].append(payment)
    return {number: sorted(made, key=lambda p: p.attempt) for number, made in of_slips.items()}


async def lock(session: AsyncConnection, ids: Collection[str]) -> dict[str, Payment]:
    """Payments by id, locked in order of id; one that is unknown is missing from the answer."""
    return await _payments(session, _LOCKED_BY_ID, ids)


async def lock_to_take(session: AsyncConnection, ids: Collection[str]) -> tuple[dict[str, Payment], bool]:
    """Payments by id, locked as by `lock`; and whether an anomaly (異常) waits for a payment, seen by the way."""
    rows = await _LOCKED_TO_TAKE.rows(session, ids=list(ids))
    found = [Payment(*row[:-1]) for row in rows]
    return {payment.payment_id: payment for payment in found}, bool(rows and rows[0][-1])


async def find(session: AsyncConnection, ids: Collection[str]) -> dict[str, Payment]:
    """Payments by id, to look at."""
    return await _payments(session, _FOUND, ids)


async def _payments(session: AsyncConnection, query: Lookup[Payment], ids: Collection[str]) -> dict[str, Payment]:
    return {payment.payment_id: payment for payment in await query.rows(session, ids=list(ids))}


async def of_slip(session: AsyncConnection, slip_number: str) -> Sequence[Payment]:
    """All payments ever opened for a slip, the first first."""
    query = select(*_PAYMENT).where(payments.c.slip_number == slip_number).order_by(payments.c.attempt)
    return list(starmap(Payment, (await session.execute(query)).all()))


async def add(session: AsyncConnection, opened: Sequence[Payment]) -> None:
    """Insert new payments."""
    await _ADD.insert(session, opened)


async def save(session: AsyncConnection, before: Mapping[str, Payment], after: Iterable[Payment]) -> None:
    """Write back what steps have changed since the payments were locked."""
    await _CHANGES.save(session, ((before[p.payment_id], p) for p in after))


async def add_receipts(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record the receipt data that was delivered."""
    await _ADD_RECEIPTS.execute(session, rows)


async def receipts_of(session: AsyncConnection, ids: Collection[str]) -> Sequence[Any]:
    """Rows of the receipt data delivered for these payments, in order."""
    return (await session.execute(_RECEIPTS, {"ids": list(ids)})).all()
