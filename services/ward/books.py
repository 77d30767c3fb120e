"""What the ward's books say, and what is open in them: the queries that only look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, case, cast, exists, func, select
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
from contracts.vocabulary import ChargeType, Method, Party, ReceiptKind, business_date
from services.chassis.database.reading import business_day, plain, read_as
from services.ward import store
from services.ward.domain.ledger import Account
from services.ward.domain.receipts import CANCELLED_AFTER_CONFIRMED
from services.ward.domain.reconciliation import NO_LINES, Open, Reason, open_reasons
from services.ward.domain.resolution import Action
from services.ward.domain.settlement import Statement
from services.ward.explanation import Listed
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
    chosen = {s.statement_id for s, _ in await open_statements(session)}
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
        .outerjoin(statements, statements.c.statement_id == deposits.c.counts_for)
        .order_by(deposits.c.deposited_on, deposits.c.deposit_id)
    )
    return (await session.execute(query)).all()


# ---- what is open -----------------------------------------------------------------------------------------


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


async def all_discrepancies(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
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


async def lapse_rows(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, Any]:
    """Payment id → the row of how it ceased to count, restored or not."""
    query = select(lapses).where(lapses.c.payment_id.in_(payment_ids))
    return {row.payment_id: row for row in (await session.execute(query)).all()}


async def list_resolutions(session: AsyncConnection, statement_id: str | None, limit: int | None) -> Sequence[Any]:
    """Rows of decisions, the first first."""
    query = select(resolutions).order_by(resolutions.c.decided_at, resolutions.c.resolution_id)
    if statement_id is not None:
        query = query.where(resolutions.c.statement_id == statement_id)
    return (await session.execute(query.limit(limit))).all()


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
    here = exists().where(statements.c.statement_id == deposits.c.counts_for)
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
    query = select(deposits).where(deposits.c.counts_for.in_(listing)).order_by(deposits.c.seen_at)
    seen: defaultdict[str, list[Any]] = defaultdict(list)
    for row in (await session.execute(query)).all():
        seen[row.counts_for].append(row)
    decided: defaultdict[str, list[Any]] = defaultdict(list)
    about = select(resolutions).where(resolutions.c.statement_id.in_(listing)).order_by(resolutions.c.decided_at)
    for row in (await session.execute(about)).all():
        decided[row.statement_id].append(row)
    chosen = await store.find_statements(session, listing)
    result: defaultdict[str, list[Listed]] = defaultdict(list)
    for statement, reasons in await _with_reasons(session, chosen.values()):
        for payment_id in listing[statement.statement_id]:
            i = statement.statement_id
            about_it = [row for row in decided[i] if row.payment_id in (None, payment_id)]
            result[payment_id].append(Listed(statement, reasons, seen[i], about_it))
    return result
