"""What was known at an instant that is past: by the time at which each thing came. Only to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.expressions import in_list
from services.ward.domain.as_of import ACCOUNT_NOT_KEPT, Booking, Decision, DepositThen, reconciled_then, statement_then
from services.ward.domain.ledger import Account
from services.ward.domain.reconciliation import NO_LINES, Open, open_reasons
from services.ward.domain.settlement import Statement
from services.ward.store.lines import lines_of, listed_then
from services.ward.store.settlement import find_statements
from services.ward.tables import deposits, receipts, resolutions, statement_lines, statement_pages, transfers

_LISTING = select(statement_lines.c.payment_id, statement_lines.c.statement_id).where(
    in_list(statement_lines.c.payment_id), listed_then(statement_lines)
)
_ABOUT = select(resolutions).order_by(resolutions.c.decided_at, resolutions.c.resolution_id)


class StatementThen(NamedTuple):
    """A statement, every reason why it was open, its deposits and the rows of decisions about it."""

    statement: Statement
    reasons: Sequence[Open]
    deposits: Sequence[DepositThen]
    decisions: Sequence[Any]


async def listing_then(session: AsyncConnection, payment_ids: Collection[str], then: datetime) -> dict[str, list[str]]:
    """Payment → the statements that were known to list it; one that was listed nowhere is missing.

    Which page a line came on is not kept: it counts from the first page of its statement.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for payment_id, statement_id in (await session.execute(_LISTING, {"ids": list(payment_ids), "then": then})).all():
        found[payment_id].append(statement_id)
    return found


async def statements_then(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> dict[str, StatementThen]:
    """Statements with what had come of them."""
    found = await find_statements(session, statement_ids)
    pages = await _pages(session, found, then)
    lines = await lines_of(session, found, then)
    registered = await _last_registered(session, found, then)
    came = await _deposits(session, found, then)
    decided: defaultdict[str, list[Any]] = defaultdict(list)
    about = _ABOUT.where(resolutions.c.statement_id.in_(found), resolutions.c.decided_at <= then)
    for row in (await session.execute(about)).all():
        decided[row.statement_id].append(row)
    known = {}
    for i, s in found.items():
        held, came_last = lines.get(i, NO_LINES), registered.get(i, s.received_at)
        decisions = [Decision(row.effect, row.claimed, row.decided_at) for row in decided[i]]
        stood = statement_then(s, pages[i], came[i], decisions, then)
        reasons = open_reasons(stood, held)
        if not reasons:
            stood = reconciled_then(stood, [came_last, *pages[i], *(d.seen_at for d in came[i])], decisions)
        known[i] = StatementThen(stood, reasons, came[i], decided[i])
    return known


async def _pages(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> defaultdict[str, list[datetime]]:
    """Statement → when each of its pages that were here had come."""
    page = statement_pages.c
    query = select(page.statement_id, page.received_at)
    query = query.where(page.statement_id.in_(statement_ids), page.received_at <= then)
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for statement_id, received_at in (await session.execute(query)).all():
        found[statement_id].append(received_at)
    return found


async def _last_registered(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> dict[str, datetime]:
    """Statement → when the last record of a payment that it lists had come."""
    line, record = statement_lines.c, receipts.c
    query = (
        select(line.statement_id, func.max(record.registered_at))
        .join(receipts, record.payment_id == line.payment_id)
        .where(line.statement_id.in_(statement_ids), record.registered_at <= then)
        .group_by(line.statement_id)
    )
    return {statement_id: at for statement_id, at in (await session.execute(query)).all()}


async def _deposits(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> defaultdict[str, list[DepositThen]]:
    """Statement → the deposits that counted for it, in the order in which they were seen."""
    d = deposits.c
    moved_here = select(resolutions.c.deposit_id).where(
        resolutions.c.statement_id.in_(statement_ids), resolutions.c.deposit_id.is_not(None)
    )
    concerned = or_(d.statement_id.in_(statement_ids), d.counts_for.in_(statement_ids), d.deposit_id.in_(moved_here))
    rows = (await session.execute(select(deposits).where(concerned, d.seen_at <= then).order_by(d.seen_at))).all()
    moves: defaultdict[str, list[Any]] = defaultdict(list)
    about = _ABOUT.where(resolutions.c.deposit_id.in_([row.deposit_id for row in rows]))
    for move in (await session.execute(about)).all():
        moves[move.deposit_id].append(move)
    arrived = await _arrived_on_the_account(session, moves)
    found: defaultdict[str, list[DepositThen]] = defaultdict(list)
    for row in rows:
        moved = moves.get(row.deposit_id, [])
        made = [move for move in moved if move.decided_at <= then]
        was_elsewhere = moved and not made and row.deposit_id not in arrived
        account = ACCOUNT_NOT_KEPT if was_elsewhere and not row.account else row.account
        counts_for = made[-1].statement_id if made else row.statement_id
        found[counts_for].append(DepositThen(row.amount, row.settler, row.deposited_on, row.seen_at, account))
    return found


async def _arrived_on_the_account(session: AsyncConnection, deposit_ids: Collection[str]) -> set[str]:
    """Those that were booked as they came: nothing is booked for one that went to another account."""
    sources = {f"deposit/{deposit_id}": deposit_id for deposit_id in deposit_ids}
    query = select(transfers.c.source).where(transfers.c.source.in_(sources)).distinct()
    return {sources[source] for source in (await session.execute(query)).scalars()}


async def bookings_of(session: AsyncConnection, slip_numbers: Collection[str]) -> defaultdict[str, list[Booking]]:
    """Slip → what was ever booked on it for overpayments (過誤納), in order of time."""
    t = transfers.c
    too_much = or_(
        t.debit == Account.OVERPAYMENTS, t.credit == Account.OVERPAYMENTS, t.source.startswith("overpayment/")
    )
    columns = t.subject, t.source, t.debit, t.credit, t.amount, t.booked_at
    query = select(*columns).where(t.subject.in_(slip_numbers), too_much).order_by(t.booked_at, t.source, t.entry)
    found: defaultdict[str, list[Booking]] = defaultdict(list)
    for slip_number, *booked in (await session.execute(query)).all():
        found[slip_number].append(Booking(*booked))
    return found
