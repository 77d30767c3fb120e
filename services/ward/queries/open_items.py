"""What is not settled yet, kind by kind; at most `limit` rows of each, all of them for None."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.calendar import BANK_CALENDAR
from contracts.http.ward.settlement import OpenItem
from contracts.vocabulary import Method, ReceiptKind
from services.ward import explanation, store
from services.ward.domain.receipts import CANCELLED_AFTER_CONFIRMED
from services.ward.domain.resolution import Action
from services.ward.queries.statements import unreconciled
from services.ward.settings import Settings
from services.ward.store.receipts import is_registered, standing_receipts
from services.ward.tables import (
    deposits,
    discrepancies,
    lapses,
    overpayments,
    receipts,
    resolutions,
    slips,
    statement_lines,
    statements,
)

PAYMENTS_NAMED = 200
"""At most this many payments of a statement that do not agree are named; its figures count all of them."""


async def open_items(session: AsyncConnection, today: date, s: Settings, limit: int | None) -> Sequence[OpenItem]:
    """Each with the reason why it is open."""
    days = s.confirmation_expected_business_days
    confirmed_by = BANK_CALENDAR.overdue_since(today, days)
    return [
        *await _receipts_open(session, limit),
        *await _statements_open(session, today),
        *map(explanation.lapse_item, await open_lapses(session, limit)),
        *map(explanation.deposit_item, await deposits_without_statement(session)),
        *map(explanation.overpayment_item, await overpaid_slips(session, limit)),
        *map(explanation.refund_item, await store.find_refunds_payable(session, limit)),
        *map(explanation.repayment_item, await store.find_repayment_claims(session, limit)),
        *map(explanation.unknown_item, await unknown_receipts(session, limit)),
        *map(
            explanation.unannounced_item,
            await confirmed_without_preliminary(session, s.channels_with_preliminary, limit),
        ),
        *(explanation.unconfirmed_item(row, days) for row in await unconfirmed_receipts(session, confirmed_by, limit)),
        *map(explanation.discrepancy_item, await open_discrepancies(session, limit)),
    ]


async def _receipts_open(session: AsyncConnection, limit: int | None) -> Sequence[OpenItem]:
    left_out = {row.payment_id: row.left_out_of for row in await store.left_out_receipts(session, limit)}
    rows = await receipts_not_deposited(session, limit)
    return [explanation.receipt_item(row, left_out.get(row.payment_id)) for row in rows]


async def _statements_open(session: AsyncConnection, today: date) -> Sequence[OpenItem]:
    found = await unreconciled(session)
    ids = [s.statement_id for s, _ in found]
    named = await store.payments_concerned(session, ids, PAYMENTS_NAMED) if ids else {}
    return [explanation.statement_item(s, why, named.get(s.statement_id, ()), today) for s, why in found]


async def receipts_not_deposited(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows of standing receipts of which no deposit has come, with the dates of the statement that lists them.

    Where a statement is reconciled without one, its difference was decided about: that leaves nothing to wait for.
    """
    line, r = statement_lines.c, receipts.c
    counts = line.payment_id == r.payment_id, line.decided.is_(None) | (line.decided != Action.RETURN_PAYMENT)
    has_deposit = exists().where(*counts, deposits.c.counts_for == line.statement_id, deposits.c.account == "")
    is_settled = exists().where(
        *counts, statements.c.statement_id == line.statement_id, statements.c.reconciled_at.is_not(None)
    )
    listed = (
        select(
            line.payment_id,
            func.min(statements.c.closed_on).label("closed_on"),
            func.min(statements.c.deposit_on).label("deposit_on"),
        )
        .join(statements, statements.c.statement_id == line.statement_id)
        .group_by(line.payment_id)
        .subquery()
    )
    query = (
        standing_receipts(listed.c.closed_on, listed.c.deposit_on)
        .select_from(receipts.outerjoin(listed, listed.c.payment_id == r.payment_id))
        .where(~has_deposit.correlate(receipts), ~is_settled.correlate(receipts))
        .order_by(r.received_on, r.payment_id)
    )
    return (await session.execute(query.limit(limit))).all()


async def unknown_receipts(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows of standing receipts of slips that the ward has not issued."""
    query = standing_receipts().where(~receipts.c.slip_known).order_by(receipts.c.received_on, receipts.c.payment_id)
    return (await session.execute(query.limit(limit))).all()


async def confirmed_without_preliminary(
    session: AsyncConnection, methods: Collection[Method], limit: int | None
) -> Sequence[Any]:
    """Rows of 確報 that no 速報 came before, or has come since, of channels that have 速報."""
    r = receipts.c
    query = (
        select(receipts)
        .where(r.kind == ReceiptKind.CONFIRMED, r.method.in_(methods), ~is_registered(ReceiptKind.PRELIMINARY))
        .order_by(r.received_on, r.payment_id)
    )
    return (await session.execute(query.limit(limit))).all()


async def unconfirmed_receipts(session: AsyncConnection, received_until: date, limit: int | None) -> Sequence[Any]:
    """Rows of standing 速報 of that 収納日 or before, of which no 確報 has come."""
    r = receipts.c
    query = (
        select(receipts)
        .where(r.kind == ReceiptKind.PRELIMINARY, r.received_on <= received_until)
        .where(~is_registered(ReceiptKind.CONFIRMED), ~is_registered(ReceiptKind.CANCELLED))
        .order_by(r.received_on, r.payment_id)
    )
    return (await session.execute(query.limit(limit))).all()


async def overpaid_slips(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows (slip number, amount, received, decide at, last day of receipt) of slips with more than they owe."""
    s = slips.c
    columns = s.slip_number, s.amount, s.received, overpayments.c.decide_at
    query = (
        select(*columns, func.max(receipts.c.received_on).label("received_on"))
        .join(receipts, receipts.c.slip_number == s.slip_number)
        .outerjoin(overpayments, overpayments.c.slip_number == s.slip_number)
        .where(s.received > s.amount)
        .group_by(*columns)
        .order_by(s.slip_number)
    )
    return (await session.execute(query.limit(limit))).all()


async def open_discrepancies(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows of discrepancies, the first first.

    A statement that was missing is none any more once it is here, nor is a cancellation whose money was decided about.
    """
    d = discrepancies.c
    listed = exists().where(statement_lines.c.payment_id == d.subject)
    decided = exists().where(resolutions.c.payment_id == d.subject)
    query = select(discrepancies).where(
        (d.kind != "statement_missing") | ~listed, (d.kind != CANCELLED_AFTER_CONFIRMED) | ~decided
    )
    return (await session.execute(query.order_by(d.at, d.kind, d.subject, d.about).limit(limit))).all()


async def open_lapses(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows of proxy payments that do not count, in the order in which they ceased to."""
    open_ones = select(lapses).where(lapses.c.restored_at.is_(None))
    return (await session.execute(open_ones.order_by(lapses.c.lapsed_at, lapses.c.payment_id).limit(limit))).all()


async def deposits_without_statement(session: AsyncConnection) -> Sequence[Any]:
    """Rows of deposits whose statement has not come."""
    here = exists().where(statements.c.statement_id == deposits.c.counts_for)
    query = select(deposits).where(~here).order_by(deposits.c.deposited_on, deposits.c.deposit_id)
    return (await session.execute(query)).all()
