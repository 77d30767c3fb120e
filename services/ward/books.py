"""What the ward's books say, for the audit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from contracts.vocabulary import Party, business_date
from services.chassis.database.reading import business_day, plain, read_as
from services.ward import store
from services.ward.domain.receipts import CANCELLED_AFTER_CONFIRMED
from services.ward.domain.reconciliation import NO_LINES, Reason
from services.ward.queries.statements import unreconciled
from services.ward.tables import (
    deposits,
    discrepancies,
    receipts,
    resolutions,
    statement_lines,
    statements,
    transfers,
)

ALL = 1_000_000_000
"""As many as there are."""

_r, _l, _d, _t = receipts.c, statement_lines.c, deposits.c, transfers.c
_RECEIPTS = select(_r.payment_id, plain(_r.kind), _r.amount, business_day(_r.delivered_at))
_LINES = select(_l.statement_id, _l.payment_id, _l.amount)
_DEPOSITS = select(_d.deposit_id, _d.statement_id, plain(_d.settler), _d.amount, _d.deposited_on).where(
    _d.account == ""
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
"""What a day's transfers between two accounts leave of one subject: from the second to the first, or below 0 back."""


async def books(session: AsyncConnection) -> Books:
    """All of it, unsorted. Transfers are netted: what was booked and taken back on one day leaves nothing."""
    received = (await session.execute(select(statements))).all()
    return Books(
        party=Party.WARD.value,
        receipts=await read_as(session, ReceiptRow, _RECEIPTS),
        statements=[
            StatementRow(
                s.statement_id, s.settler.value, s.closed_on, s.deposit_on, s.total_count, s.total_amount, s.fee
            )
            for s in received
        ],
        lines=await read_as(session, StatementLineRow, _LINES),
        deposits=await read_as(session, DepositRow, _DEPOSITS),
        transfers=await _net_transfers(session),
        refunds=[
            RefundRow(r.slip_number, r.number, r.amount - r.withdrawn, business_date(r.ended_at))
            for r in await store.find_refunds(session)
        ],
        reconciled=sorted(s.statement_id for s in received if s.reconciled_at is not None),
        disputes=await _disputes(session),
        resolutions=[_resolution_row(r) for r in (await session.execute(select(resolutions))).all()],
    )


async def _disputes(session: AsyncConnection) -> Sequence[DisputeRow]:
    """What is known not to agree: of statements that are open, and of those about which somebody has decided."""
    chosen = {s.statement_id for s, _ in await unreconciled(session)}
    chosen |= set((await session.execute(select(resolutions.c.statement_id))).scalars())
    found = await store.find_statements(session, chosen)
    lines = await store.lines_of(session, chosen)
    rows = []
    for i, s in sorted(found.items()):
        if s.deposited != s.expected:
            rows.append(DisputeRow(i, i, "deposits", s.deposited - s.expected))
        beyond = s.total_amount - lines.get(i, NO_LINES).amount
        if beyond:
            rows.append(DisputeRow(i, i, Reason.TOTALS_DIFFER.value, beyond))
    for i, concerned in (await store.payments_concerned(session, chosen, ALL)).items():
        rows += [DisputeRow(c.payment_id, i, c.reason.value, c.stated or 0) for c in concerned]
    d = discrepancies.c
    cancelled = select(d.subject, d.kind, d.amount).where(d.kind == CANCELLED_AFTER_CONFIRMED).order_by(d.subject)
    rows += [DisputeRow(subject, "", kind, yen) for subject, kind, yen in (await session.execute(cancelled)).all()]
    left_out = await store.left_out_receipts(session, None)
    rows += [DisputeRow(row.payment_id, "", Reason.RECEIPT_UNLISTED.value, row.amount) for row in left_out]
    return rows


def _resolution_row(r: Any) -> ResolutionRow:
    return ResolutionRow(
        r.resolution_id,
        r.statement_id,
        r.action.value,
        r.payment_id,
        r.deposit_id,
        r.amount,
        r.effect,
        r.returned,
        r.restored,
    )


async def _net_transfers(session: AsyncConnection) -> Sequence[TransferRow]:
    return [
        TransferRow(one, other, amount, subject, on) if amount > 0 else TransferRow(other, one, -amount, subject, on)
        for one, other, amount, subject, on in (await session.execute(_NET_TRANSFERS)).all()
    ]
