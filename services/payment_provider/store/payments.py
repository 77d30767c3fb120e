"""Payments."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk, Changes
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.chassis.steps import Steps
from services.payment_provider.domain.payment import Payment
from services.payment_provider.tables import anomalies, payments

PAYMENT = [payments.c[name] for name in Payment._fields]
"""The columns that make a `Payment`."""
_BY_ID = select(*PAYMENT).where(in_list(payments.c.payment_id)).order_by(payments.c.payment_id)
_FOUND, _LOCKED = Lookup(_BY_ID, Payment), Lookup(_BY_ID.with_for_update(), Payment)
_ANOMALY_WAITS = exists().where(anomalies.c.payment_id.is_(None)).label("anomaly_waits")
_LOCKED_FOR_COLLECTION = Lookup(_BY_ID.add_columns(_ANOMALY_WAITS).with_for_update(of=payments))
_LOCKED_OF_SLIPS = Lookup(
    select(*PAYMENT).where(in_list(payments.c.slip_number)).order_by(payments.c.payment_id).with_for_update(),
    Payment,
)
_ADD, _CHANGES = Bulk(payments.insert(), by=("slip_number", "attempt")), Changes(payments)


async def find(session: AsyncConnection, ids: Collection[str]) -> dict[str, Payment]:
    """Payments by id, without a lock; unknown ids are missing."""
    return _by_id(await _FOUND.rows(session, ids=list(ids)))


async def lock(session: AsyncConnection, ids: Collection[str]) -> dict[str, Payment]:
    """Payments by id, locked; unknown ids are missing."""
    return _by_id(await _LOCKED.rows(session, ids=list(ids)))


async def lock_for_collection(session: AsyncConnection, ids: Collection[str]) -> tuple[dict[str, Payment], bool]:
    """Payments by id, locked; and whether an anomaly (異常) waits for a payment, read by the same statement."""
    rows = await _LOCKED_FOR_COLLECTION.rows(session, ids=list(ids))
    return _by_id([Payment(*row[:-1]) for row in rows]), bool(rows and rows[0][-1])


async def lock_of_slips(session: AsyncConnection, slip_numbers: Collection[str]) -> Sequence[Payment]:
    """All payments of these slips by payment id, locked."""
    return await _LOCKED_OF_SLIPS.rows(session, ids=list(slip_numbers))


async def save(session: AsyncConnection, steps: Steps[Payment]) -> None:
    """Write the columns that steps have changed, and insert payments that are new."""
    known = steps.known
    await _CHANGES.save(session, ((known[i], payment) for i, payment in steps.changed.items() if i in known))
    await _ADD.insert(session, [payment for i, payment in steps.changed.items() if i not in known])


def _by_id(found: Sequence[Payment]) -> dict[str, Payment]:
    return {payment.payment_id: payment for payment in found}
