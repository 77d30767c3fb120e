"""未処理: open items by kind; at most `limit` of each, all of them for None."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.calendar import BANK_CALENDAR
from contracts.http.ward.settlement import OpenItem
from contracts.vocabulary import Method, ReceiptKind
from services.chassis.database.reading import read_as
from services.ward import explanation, tables
from services.ward.domain.lapses import Lapse
from services.ward.domain.overpayments import OverpaymentUse, Use
from services.ward.domain.receipts import CANCELLED_AFTER_CONFIRMED
from services.ward.domain.resolution import Action
from services.ward.queries.overpayments import uses
from services.ward.queries.statements import payments_concerned, unreconciled
from services.ward.settings import Settings
from services.ward.store.receipts import is_listed, is_registered, standing
from services.ward.store.rows import (
    LeftOutReceipt,
    OverpaidSlip,
    StoredDeposit,
    StoredDiscrepancy,
    StoredReceipt,
    UndepositedReceipt,
    columns,
)

_r, _s, _d = tables.receipts.c, tables.slips.c, tables.deposits.c
_line, _statement = tables.statement_lines.c, tables.statements.c
_RECEIPT = columns(tables.receipts, StoredReceipt)

PAYMENTS_NAMED = 200
"""At most this many payments of a statement that do not agree are named; its figures count all of them."""


async def read(session: AsyncConnection, today: date, s: Settings, limit: int | None) -> Sequence[OpenItem]:
    """Open items, each with its reason."""
    days = s.confirmation_expected_business_days
    confirmed_by = BANK_CALENDAR.overdue_since(today, days)
    return [
        *await _receipts_open(session, limit),
        *await _statements_open(session, today),
        *map(explanation.lapse_item, await open_lapses(session, limit)),
        *map(explanation.deposit_item, await deposits_without_statement(session)),
        *map(explanation.overpayment_item, await overpaid_slips(session, limit)),
        *map(explanation.refund_item, await refunds_payable(session, limit)),
        *map(explanation.repayment_item, await repayment_claims(session, limit)),
        *map(explanation.unknown_item, await unknown_receipts(session, limit)),
        *map(
            explanation.unannounced_item,
            await confirmed_without_preliminary(session, s.channels_with_preliminary, limit),
        ),
        *(explanation.unconfirmed_item(r, days) for r in await unconfirmed_receipts(session, confirmed_by, limit)),
        *map(explanation.discrepancy_item, await open_discrepancies(session, limit)),
    ]


async def _receipts_open(session: AsyncConnection, limit: int | None) -> Sequence[OpenItem]:
    left_out = {r.payment_id: r.closed_on for r in await receipts_left_out(session, limit)}
    found = await receipts_not_deposited(session, limit)
    return [explanation.receipt_item(r, left_out.get(r.payment_id)) for r in found]


async def _statements_open(session: AsyncConnection, today: date) -> Sequence[OpenItem]:
    found = await unreconciled(session)
    ids = [s.statement_id for s, _ in found]
    named = await payments_concerned(session, ids, PAYMENTS_NAMED) if ids else {}
    return [explanation.statement_item(s, why, named.get(s.statement_id, ()), today) for s, why in found]


async def receipts_not_deposited(session: AsyncConnection, limit: int | None) -> Sequence[UndepositedReceipt]:
    """If a statement is reconciled without a deposit, its difference was decided about: it leaves nothing open."""
    counts = _line.payment_id == _r.payment_id, _line.decided.is_(None) | (_line.decided != Action.RETURN_PAYMENT)
    has_deposit = exists().where(*counts, _d.counts_for == _line.statement_id, _d.account == "")
    is_settled = exists().where(
        *counts, _statement.statement_id == _line.statement_id, _statement.reconciled_at.is_not(None)
    )
    listed = (
        select(
            _line.payment_id,
            func.min(_statement.closed_on).label("closed_on"),
            func.min(_statement.deposit_on).label("deposit_on"),
        )
        .join(tables.statements, _statement.statement_id == _line.statement_id)
        .group_by(_line.payment_id)
        .subquery()
    )
    query = (
        standing(
            _r.payment_id,
            _r.settler,
            _r.amount,
            _r.received_on,
            is_registered(ReceiptKind.CONFIRMED),
            listed.c.closed_on,
            listed.c.deposit_on,
        )
        .outerjoin_from(tables.receipts, listed, listed.c.payment_id == _r.payment_id)
        .where(~has_deposit.correlate(tables.receipts), ~is_settled.correlate(tables.receipts))
        .order_by(_r.received_on, _r.payment_id)
    )
    return await read_as(session, UndepositedReceipt, query.limit(limit))


async def receipts_left_out(session: AsyncConnection, limit: int | None) -> Sequence[LeftOutReceipt]:
    closed_on = (
        select(func.min(_statement.closed_on))
        .where(_statement.settler == _r.settler, _statement.closed_on >= _r.received_on)
        .correlate(tables.receipts)
        .scalar_subquery()
    )
    query = standing(_r.payment_id, _r.amount, closed_on).where(~is_listed(), closed_on.is_not(None))
    return await read_as(session, LeftOutReceipt, query.order_by(_r.received_on, _r.payment_id).limit(limit))


async def unknown_receipts(session: AsyncConnection, limit: int | None) -> Sequence[StoredReceipt]:
    """不明入金: standing receipts of slips that the ward has not issued."""
    query = standing(*_RECEIPT).where(~_r.slip_known).order_by(_r.received_on, _r.payment_id)
    return await read_as(session, StoredReceipt, query.limit(limit))


async def confirmed_without_preliminary(
    session: AsyncConnection, methods: Collection[Method], limit: int | None
) -> Sequence[StoredReceipt]:
    """速報なし確報: 確報 without 速報, of channels that have 速報."""
    query = (
        select(*_RECEIPT)
        .where(_r.kind == ReceiptKind.CONFIRMED, _r.method.in_(methods), ~is_registered(ReceiptKind.PRELIMINARY))
        .order_by(_r.received_on, _r.payment_id)
    )
    return await read_as(session, StoredReceipt, query.limit(limit))


async def unconfirmed_receipts(
    session: AsyncConnection, received_until: date, limit: int | None
) -> Sequence[StoredReceipt]:
    """確報未着: standing 速報 without 確報, of that 収納日 or before."""
    query = (
        select(*_RECEIPT)
        .where(_r.kind == ReceiptKind.PRELIMINARY, _r.received_on <= received_until)
        .where(~is_registered(ReceiptKind.CONFIRMED), ~is_registered(ReceiptKind.CANCELLED))
        .order_by(_r.received_on, _r.payment_id)
    )
    return await read_as(session, StoredReceipt, query.limit(limit))


async def overpaid_slips(session: AsyncConnection, limit: int | None) -> Sequence[OverpaidSlip]:
    """過誤納: slips with more than they owe."""
    selected = _s.slip_number, _s.amount, _s.received, tables.overpayments.c.decide_at
    query = (
        select(*selected, func.max(_r.received_on))
        .join(tables.receipts, _r.slip_number == _s.slip_number)
        .outerjoin(tables.overpayments, tables.overpayments.c.slip_number == _s.slip_number)
        .where(_s.received > _s.amount)
        .group_by(*selected)
        .order_by(_s.slip_number)
    )
    return await read_as(session, OverpaidSlip, query.limit(limit))


async def refunds_payable(session: AsyncConnection, limit: int | None) -> Sequence[OverpaymentUse]:
    """還付未済: refunds that are decided and not paid."""
    use = tables.overpayment_uses.c
    return await uses(session, limit, use.use == Use.REFUND_DECIDED, use.amount > use.withdrawn)


async def repayment_claims(session: AsyncConnection, limit: int | None) -> Sequence[OverpaymentUse]:
    """返納金: refunds that turned out not to be owed."""
    return await uses(session, limit, tables.overpayment_uses.c.reclaimed > 0)


async def open_discrepancies(session: AsyncConnection, limit: int | None) -> Sequence[StoredDiscrepancy]:
    """The earliest first.

    A missing statement is closed when it has come, a cancellation after 確報 when its money was decided about.
    """
    d = tables.discrepancies.c
    listed = exists().where(_line.payment_id == d.subject)
    decided = exists().where(tables.resolutions.c.payment_id == d.subject)
    query = select(*columns(tables.discrepancies, StoredDiscrepancy)).where(
        (d.kind != "statement_missing") | ~listed, (d.kind != CANCELLED_AFTER_CONFIRMED) | ~decided
    )
    return await read_as(session, StoredDiscrepancy, query.order_by(d.at, d.kind, d.subject, d.about).limit(limit))


async def open_lapses(session: AsyncConnection, limit: int | None) -> Sequence[Lapse]:
    """失効: proxy payments that do not count, in the order in which they ceased to."""
    lapse = tables.lapses.c
    query = select(*columns(tables.lapses, Lapse)).where(lapse.restored_at.is_(None))
    return await read_as(session, Lapse, query.order_by(lapse.lapsed_at, lapse.payment_id).limit(limit))


async def deposits_without_statement(session: AsyncConnection) -> Sequence[StoredDeposit]:
    here = exists().where(_statement.statement_id == _d.counts_for)
    query = select(*columns(tables.deposits, StoredDeposit)).where(~here).order_by(_d.deposited_on, _d.deposit_id)
    return await read_as(session, StoredDeposit, query)
