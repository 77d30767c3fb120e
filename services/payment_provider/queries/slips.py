"""Payments of a slip (納付書)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.reading import read_as
from services.payment_provider.domain.payment import Payment
from services.payment_provider.store.payments import PAYMENT
from services.payment_provider.tables import payments


async def payments_of(session: AsyncConnection, slip_number: str) -> Sequence[Payment]:
    """All payments ever opened for a slip, by attempt."""
    query = select(*PAYMENT).where(payments.c.slip_number == slip_number).order_by(payments.c.attempt)
    return await read_as(session, Payment, query)
