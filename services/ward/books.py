"""What the ward's books say, for the audit."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.books import (
    Books,
    DepositRow,
    DisputeRow,
    ReceiptRow,
    RefundRow,
    ResolutionRow,
    StatementLineRow,
    StatementRow,
    TransferRow,
)
from contracts.parties import WARD
from contracts.vocabulary import business_date
from services.chassis.database.reading import business_day, plain, read_as
from services.ward import tables
from services.ward.domain.receipts import CANCELLED_AFTER_CONFIRMED
from services.ward.domain.reconciliation import NO_LINES, Reason
from services.ward.queries import open_items, overpayments
from services.ward.queries.statements import payments_concerned, unreconciled
from services.ward.store import statement_lines, statements

ALL = 1_000_000_000
"""No limit."""

_r, _line, _d, _t = tables.receipts.c, tables.statement_lines.c, tables.deposits.c, tables.transfers.c
_s, _decision = tables.statements.c, tables.resolutions.c
_RECEIPTS = select(_r.payment_id, plain(_r.kind), _r.amount, business_day(_r.delivered_at))
_STATEMENTS = select(
    _s.statement_id, plain(_s.settler), _s.closed_on, _s.deposit_on, _s.total_count, _s.total_amount, _s.fee
)
_RECONCILED = select(_s.statement_id).where(_s.reconciled_at.is_not(None)).order_by(_s.statement_id)
_LINES = select(_line.statement_id, _line.payment_id, _line.amount)
_DEPOSITS = select(_d.deposit_id, _d.statement_id, plain(_d.settler), _d.amount, _d.deposited_on).where(
    _d.account == ""
)
_RESOLUTIONS = select(
    _decision.resolution_id,
    _decision.statement_id,
    plain(_decision.action),
    _decision.payment_id,
    _decision.deposit_id,
    _decision.amount,
    _decision.effect,
    _decision.returned,
    _decision.restored,
)
_ahead = _t.debit < _t.credit
_ONE = case((_ahead, plain(_t.debit)), else_=plain(_t.credit))
_OTHER = case((_ahead, plain(_t.credit)), else_=plain(_t.debit))
_NET = func.sum(case((_ahead, _t.amount), else_=-_t.amount))
_NET_TRANSFERS = (
    select(_ONE, _OTHER, cast(_NET, BigInteger), _t.subject, _t.booked_on)
    .group_by(_t.subject, _t.booked_on, _ONE, _OTHER)
    .having(_NET != 0)
)
"""The net amount that a day's transfers moved between two accounts for one subject: above 0 from the second account to
the first, below 0 from the first to the second."""


async def books(session: AsyncConnection) -> Books:
    """All books, unsorted. Transfers are netted: a booking reversed on the same day leaves nothing."""
    return Books(
        party=WARD,
        receipts=await read_as(session, ReceiptRow, _RECEIPTS),
        statements=await read_as(session, StatementRow, _STATEMENTS),
        lines=await read_as(session, StatementLineRow, _LINES),
        deposits=await read_as(session, DepositRow, _DEPOSITS),
        transfers=await _net_transfers(session),
        refunds=[
            RefundRow(use.slip_number, use.number, use.amount - use.withdrawn, business_date(use.ended_at))
            for use in await overpayments.refunds_paid(session)
            if use.ended_at is not None
        ],
        reconciled=list((await session.execute(_RECONCILED)).scalars()),
        disputes=await _disputes(session),
        resolutions=await read_as(session, ResolutionRow, _RESOLUTIONS),
    )


async def _disputes(session: AsyncConnection) -> Sequence[DisputeRow]:
    """What is known not to agree: of statements that are open, and of those about which something was decided."""
    chosen = {s.statement_id for s, _ in await unreconciled(session)}
    chosen |= set((await session.execute(select(_decision.statement_id))).scalars())
    found = await statements.find(session, chosen)
    lines = await statement_lines.counts(session, chosen)
    rows = []
    for i, s in sorted(found.items()):
        if s.deposited != s.expected:
            rows.append(DisputeRow(i, i, "deposits", s.deposited - s.expected))
        beyond = s.total_amount - lines.get(i, NO_LINES).amount
        if beyond:
            rows.append(DisputeRow(i, i, Reason.TOTALS_DIFFER.value, beyond))
    for i, concerned in (await payments_concerned(session, chosen, ALL)).items():
        rows += [DisputeRow(c.payment_id, i, c.reason.value, c.stated or 0) for c in concerned]
    d = tables.discrepancies.c
    cancelled = select(d.subject, d.kind, d.amount).where(d.kind == CANCELLED_AFTER_CONFIRMED).order_by(d.subject)
    rows += [DisputeRow(subject, "", kind, yen) for subject, kind, yen in (await session.execute(cancelled)).all()]
    left_out = await open_items.receipts_left_out(session, None)
    rows += [DisputeRow(r.payment_id, "", Reason.RECEIPT_UNLISTED.value, r.amount) for r in left_out]
    return rows


async def _net_transfers(session: AsyncConnection) -> Sequence[TransferRow]:
    return [
        TransferRow(one, other, amount, subject, on) if amount > 0 else TransferRow(other, one, -amount, subject, on)
        for one, other, amount, subject, on in (await session.execute(_NET_TRANSFERS)).all()
    ]
