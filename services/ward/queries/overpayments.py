"""Overpayments (過誤納) and their uses (充当・還付)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import business_date
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.arrears import Paid
from services.ward.domain.overpayments import OverpaymentUse, Use

_s, _use = tables.slips.c, tables.overpayment_uses.c
_USES = select(*(_use[f.name] for f in fields(OverpaymentUse))).order_by(_use.decided_at, _use.slip_number, _use.number)


async def uses(session: AsyncConnection, limit: int | None, *which: ColumnElement[bool]) -> Sequence[OverpaymentUse]:
    """Uses of overpayments, in the order of their decisions."""
    return await read_as(session, OverpaymentUse, _USES.where(*which).limit(limit))


async def refunds_paid(session: AsyncConnection) -> Sequence[OverpaymentUse]:
    """還付済."""
    return await uses(session, None, _use.use == Use.REFUNDED)


async def applied_to(session: AsyncConnection, slip_number: str) -> Sequence[Paid]:
    """充当: amounts applied to a slip from others of its person, and when."""
    found = await uses(session, None, _use.to_slip == slip_number)
    return [Paid(business_date(use.decided_at), use.amount - use.withdrawn) for use in found]


async def slip_numbers(session: AsyncConnection, limit: int | None) -> Sequence[str]:
    """Slips with an overpayment, decided on or not, in order of number."""
    undecided = select(_s.slip_number).where(_s.received > _s.amount)
    query = undecided.union(select(_use.slip_number)).order_by("slip_number").limit(limit)
    return (await session.execute(query)).scalars().all()
