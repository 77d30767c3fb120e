"""What the ward's books say, and what is open in them: the queries that only look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.books import (
    Books,
    DepositRow,
    ReceiptRow,
    RefundRow,
    StatementLineRow,
    StatementRow,
    TransferRow,
)
from contracts.vocabulary import ChargeType, Method, Party, ReceiptKind, business_date
from services.ward import store
from services.ward.domain.ledger import Account
from services.ward.domain.reconciliation import NO_LINES, Open, open_reasons
from services.ward.domain.settlement import Statement
from services.ward.explanation import Listed
from services.ward.store.receipts import is_registered, standing_receipts
from services.ward.tables import (
    deposits,
    discrepancies,
    overpayments,
    receipts,
    slips,
    statement_lines,
    statements,
    transfers,
)


async def books(session: AsyncConnection) -> Books:
    """All of it, unsorted. Transfers are netted: what was booked and taken back on one day leaves nothing."""
    registered = (await session.execute(select(receipts))).all()
    received = (await session.execute(select(statements))).all()
    lines = (await session.execute(select(statement_lines))).all()
    seen = (await session.execute(select(deposits))).all()
    return Books(
        party=Party.WARD.value,
        receipts=[ReceiptRow(r.payment_id, r.kind.value, r.amount, business_date(r.delivered_at)) for r in registered],
        statements=[
            StatementRow(
                s.statement_id, s.settler.value, s.closed_on, s.deposit_on, s.total_count, s.total_amount, s.fee
            )
            for s in received
        ],
        lines=[StatementLineRow(line.statement_id, line.payment_id, line.amount) for line in lines],
        deposits=[DepositRow(d.deposit_id, d.statement_id, d.settler.value, d.amount, d.deposited_on) for d in seen],
        transfers=await _net_transfers(session),
        refunds=[
            RefundRow(r.slip_number, r.number, r.amount - r.withdrawn, business_date(r.ended_at))
            for r in await store.find_refunds(session)
        ],
        reconciled=sorted(s.statement_id for s in received if s.reconciled_at is not None),
    )


async def _net_transfers(session: AsyncConnection) -> Sequence[TransferRow]:
    t = transfers.c
    sums = select(t.debit, t.credit, t.subject, t.booked_on, func.sum(t.amount)).group_by(
        t.debit, t.credit, t.subject, t.booked_on
    )
    net: defaultdict[tuple[str, str, str, date], int] = defaultdict(int)
    for debit, credit, subject, on, amount in (await session.execute(sums)).all():
        one, other, sign = (debit, credit, 1) if debit < credit else (credit, debit, -1)
        net[one, other, subject, on] += sign * int(amount)
    return [
        TransferRow(one, other, amount, subject, on) if amount > 0 else TransferRow(other, one, -amount, subject, on)
        for (one, other, subject, on), amount in net.items()
        if amount
    ]


async def totals(session: AsyncConnection) -> Sequence[tuple[Account, Account, int]]:
    """(debit, credit, sum of all transfers between them)"""
    t = transfers.c
    query = select(t.debit, t.credit, func.sum(t.amount)).group_by(t.debit, t.credit)
    return [(debit, credit, int(amount)) for debit, credit, amount in (await session.execute(query)).all()]


async def find_slips(session: AsyncConnection, slip_numbers: Collection[str]) -> Sequence[Any]:
    """Rows of slips, to look at."""
    return (await session.execute(select(slips).where(slips.c.slip_number.in_(slip_numbers)))).all()


class Wanted(NamedTuple):
    """Which slips to list; None for any."""

    insured_number: str | None
    charge_type: ChargeType | None
    open_only: bool


async def list_slips(session: AsyncConnection, wanted: Wanted, after: str | None, limit: int | None) -> Sequence[Any]:
    """Rows of slips in order of number, those behind `after`."""
    query = select(slips).order_by(slips.c.slip_number).limit(limit)
    if wanted.insured_number is not None:
        query = query.where(slips.c.insured_number == wanted.insured_number)
    if wanted.charge_type is not None:
        query = query.where(slips.c.charge_type == wanted.charge_type)
    if wanted.open_only:
        query = query.where(slips.c.received < slips.c.amount)
    if after is not None:
        query = query.where(slips.c.slip_number > after)
    return (await session.execute(query)).all()


async def receipt_rows(session: AsyncConnection, payment_ids: Collection[str]) -> Sequence[Any]:
    """Rows of the records of these payments, in the order of their kinds."""
    query = select(receipts).where(receipts.c.payment_id.in_(payment_ids)).order_by(receipts.c.kind)
    return (await session.execute(query)).all()


async def deposits_seen(session: AsyncConnection) -> Sequence[Any]:
    """Rows of deposits, each with its statement's reconciliation, in the order of their dates."""
    query = (
        select(deposits, statements.c.reconciled_at)
        .outerjoin(statements, statements.c.statement_id == deposits.c.statement_id)
        .order_by(deposits.c.deposited_on, deposits.c.deposit_id)
    )
    return (await session.execute(query)).all()


# ---- what is open -----------------------------------------------------------------------------------------


async def receipts_not_deposited(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows of standing receipts of which no deposit has come, with the dates of the statement that lists them."""
    line, r = statement_lines.c, receipts.c
    has_deposit = (
        exists()
        .where(line.payment_id == r.payment_id, deposits.c.statement_id == line.statement_id)
        .correlate(receipts)
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
        .where(~has_deposit)
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


async def all_discrepancies(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """Rows of discrepancies, the first first."""
    d = discrepancies.c
    return (await session.execute(select(discrepancies).order_by(d.at, d.kind, d.subject, d.about).limit(limit))).all()


async def open_statements(session: AsyncConnection) -> Sequence[tuple[Statement, Sequence[Open]]]:
    """Statements that are not reconciled, each with every reason, in the order of their closings."""
    chosen = await store.unreconciled_statements(session)
    return await _with_reasons(session, chosen.values())


async def _with_reasons(
    session: AsyncConnection, found: Iterable[Statement]
) -> Sequence[tuple[Statement, Sequence[Open]]]:
    ordered = sorted(found, key=lambda s: (s.closed_on, s.statement_id))
    unsettled = [s.statement_id for s in ordered if s.reconciled_at is None]
    lines = await store.lines_of(session, unsettled) if unsettled else {}
    return [(s, [] if s.reconciled_at else open_reasons(s, lines.get(s.statement_id, NO_LINES))) for s in ordered]


async def deposits_without_statement(session: AsyncConnection) -> Sequence[Any]:
    """Rows of deposits whose statement has not come."""
    here = exists().where(statements.c.statement_id == deposits.c.statement_id)
    query = select(deposits).where(~here).order_by(deposits.c.deposited_on, deposits.c.deposit_id)
    return (await session.execute(query)).all()


# ---- what became of a payment -------------------------------------------------------------------------------


async def statements_listing(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, list[Listed]]:
    """Payment id → the statements that list it, in the order of their closings."""
    line = statement_lines.c
    lines = select(line.payment_id, line.statement_id).where(line.payment_id.in_(payment_ids))
    listing: defaultdict[str, list[str]] = defaultdict(list)
    for payment_id, statement_id in (await session.execute(lines)).all():
        listing[statement_id].append(payment_id)
    query = select(deposits).where(deposits.c.statement_id.in_(listing)).order_by(deposits.c.seen_at)
    seen: defaultdict[str, list[Any]] = defaultdict(list)
    for row in (await session.execute(query)).all():
        seen[row.statement_id].append(row)
    chosen = await store.find_statements(session, listing)
    result: defaultdict[str, list[Listed]] = defaultdict(list)
    for statement, reasons in await _with_reasons(session, chosen.values()):
        for payment_id in listing[statement.statement_id]:
            result[payment_id].append(Listed(statement, reasons, seen[statement.statement_id]))
    return result
