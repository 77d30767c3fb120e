"""Every query of the payment provider. Set-based: a sequence in, one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Settler
from services.chassis.bulk import Bulk
from services.chassis.database import among, insert_missing
from services.payment_provider.domain.payment import Payment
from services.payment_provider.tables import bank_closings, consents, payments, receipts

_FIXED = {"payment_id", "slip_number", "attempt", "barcode", "amount", "consent_id", "scanned_at"}
_CHANGING = [f.name for f in fields(Payment) if f.name not in _FIXED]
_SAVE = Bulk(
    update(payments)
    .where(payments.c.payment_id == bindparam("saved_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)


_CONSENTS = select(consents.c.consent_id, consents.c.terms_version).where(among(consents.c.consent_id))
_BY_ID = select(payments).where(among(payments.c.payment_id)).order_by(payments.c.payment_id)
_LOCKED_BY_ID = _BY_ID.with_for_update()
_ADD, _ADD_RECEIPTS = Bulk(payments.insert()), Bulk(receipts.insert())
_NEWEST = (
    select(payments.c.slip_number, func.max(payments.c.attempt).label("attempt"))
    .where(among(payments.c.slip_number))
    .group_by(payments.c.slip_number)
    .subquery()
)
_LOCKED_NEWEST = (
    select(payments)
    .join(_NEWEST, (payments.c.slip_number == _NEWEST.c.slip_number) & (payments.c.attempt == _NEWEST.c.attempt))
    .order_by(payments.c.payment_id)
    .with_for_update(of=payments)
)
_CLOSED = select(bank_closings.c.closed_on).where(
    among(bank_closings.c.closed_on, "days"), bank_closings.c.issued_at.is_not(None)
)


async def add_consents(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record who accepted which terms."""
    await session.execute(insert_missing(session, consents), rows)


async def known_consents(session: AsyncConnection, ids: Collection[str]) -> Mapping[str, str]:
    """Consent id → version of the terms."""
    found = await session.execute(_CONSENTS, {"ids": list(ids)})
    return {consent_id: version for consent_id, version in found.all()}


async def lock_latest(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, Payment]:
    """Slip number → its latest payment, locked in order of payment id."""
    found = await session.execute(_LOCKED_NEWEST, {"ids": list(slip_numbers)})
    return {row["slip_number"]: Payment(**row) for row in found.mappings()}


async def lock(session: AsyncConnection, ids: Collection[str]) -> dict[str, Payment]:
    """Payments by id, locked in order of id; one that is unknown is missing from the answer."""
    found = await session.execute(_LOCKED_BY_ID, {"ids": list(ids)})
    return {row["payment_id"]: Payment(**row) for row in found.mappings()}


async def find(session: AsyncConnection, ids: Collection[str]) -> dict[str, Payment]:
    """Payments by id, to look at."""
    found = await session.execute(_BY_ID, {"ids": list(ids)})
    return {row["payment_id"]: Payment(**row) for row in found.mappings()}


async def of_slip(session: AsyncConnection, slip_number: str) -> Sequence[Payment]:
    """All payments ever opened for a slip, the first first."""
    query = select(payments).where(payments.c.slip_number == slip_number).order_by(payments.c.attempt)
    return [Payment(**row) for row in (await session.execute(query)).mappings()]


async def add(session: AsyncConnection, opened: Sequence[Payment]) -> None:
    """Insert new payments."""
    await _ADD.execute(session, [asdict(p) for p in opened])


async def save(session: AsyncConnection, changed: Iterable[Payment]) -> None:
    """Write back what steps have changed."""
    rows = [{"saved_id": p.payment_id, **{f"new_{name}": getattr(p, name) for name in _CHANGING}} for p in changed]
    await _SAVE.execute(session, rows)


async def add_receipts(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record the receipt data that was delivered."""
    await _ADD_RECEIPTS.execute(session, rows)


async def receipts_of(session: AsyncConnection, ids: Collection[str]) -> Sequence[Any]:
    """Rows of the receipt data delivered for these payments, in order."""
    query = select(receipts).where(receipts.c.payment_id.in_(ids)).order_by(receipts.c.kind)
    return (await session.execute(query)).all()


async def open_bank_closings(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> Sequence[date]:
    """Make the closings that are missing; returns the days of those that were, in order."""
    known = select(bank_closings.c.closed_on).where(bank_closings.c.closed_on.in_([r["closed_on"] for r in rows]))
    missing = {r["closed_on"] for r in rows} - set((await session.execute(known)).scalars().all())
    if missing:
        await session.execute(bank_closings.insert(), [r for r in rows if r["closed_on"] in missing])
    return sorted(missing)


async def closed_days(session: AsyncConnection, days: Collection[date]) -> set[date]:
    """Those of these days whose bank payments have been totalled."""
    return set((await session.execute(_CLOSED, {"days": list(days)})).scalars().all())


async def find_bank_closings(session: AsyncConnection, days: Collection[date]) -> dict[date, Any]:
    """Rows of the closings of these days."""
    query = select(bank_closings).where(bank_closings.c.closed_on.in_(days))
    return {row.closed_on: row for row in (await session.execute(query)).all()}


async def lock_bank_closing(session: AsyncConnection, statement_id: str) -> Any:
    """The closing's row, or None."""
    query = select(bank_closings).where(bank_closings.c.statement_id == statement_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def bank_payments_closing(session: AsyncConnection, closed_on: date) -> Sequence[tuple[str, int]]:
    """(payment id, amount) of the bank payments that count for a closing and stand."""
    query = (
        select(payments.c.payment_id, payments.c.amount)
        .where(payments.c.settler == Settler.BANK, payments.c.closes_on == closed_on)
        .where(payments.c.status.in_(("paid", "confirmed")))
        .order_by(payments.c.payment_id)
    )
    return [(row.payment_id, row.amount) for row in (await session.execute(query)).all()]


async def update_bank_closing(session: AsyncConnection, statement_id: str, values: Mapping[str, Any]) -> None:
    """Change one closing."""
    query = update(bank_closings).where(bank_closings.c.statement_id == statement_id).values(values)
    await session.execute(query)
