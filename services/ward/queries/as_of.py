"""What was known at a past instant (`then`), by the time at which each thing came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.as_of import ACCOUNT_UNKNOWN, Booking, Decision, DepositThen, reconciled_then, statement_then
from services.ward.domain.lapses import Lapse
from services.ward.domain.ledger import Account
from services.ward.domain.reconciliation import NO_LINES, Open, open_reasons
from services.ward.domain.settlement import Statement
from services.ward.explanation import Listed
from services.ward.store import lapses, statement_lines, statements
from services.ward.store.rows import StoredDeposit, StoredResolution, columns
from services.ward.store.statement_lines import listed_then

_line, _page, _r, _d = (
    tables.statement_lines.c,
    tables.statement_pages.c,
    tables.receipts.c,
    tables.deposits.c,
)
_decision, _t = tables.resolutions.c, tables.transfers.c
_LISTING = select(_line.payment_id, _line.statement_id).where(
    in_list(_line.payment_id), listed_then(tables.statement_lines)
)
_DECISIONS = select(*columns(tables.resolutions, StoredResolution)).order_by(
    _decision.decided_at, _decision.resolution_id
)


class StatementThen(NamedTuple):
    """A statement, every reason why it was open, its deposits and the decisions about it."""

    statement: Statement
    reasons: Sequence[Open]
    deposits: Sequence[DepositThen]
    decisions: Sequence[StoredResolution]


async def statements_listing(
    session: AsyncConnection, payment_ids: Sequence[str], then: datetime
) -> dict[str, Sequence[Listed]]:
    """Payment id → the statements that were known to list it, in the order of their closings; missing if there was
    none.

    The page on which a line came is not recorded: a line counts from the first page of its statement.
    """
    listing: defaultdict[str, list[str]] = defaultdict(list)
    for payment_id, statement_id in (await session.execute(_LISTING, {"ids": list(payment_ids), "then": then})).all():
        listing[payment_id].append(statement_id)
    found = await _statements(session, {i for ids in listing.values() for i in ids}, then)
    listed: dict[str, Sequence[Listed]] = {}
    for payment_id, ids in listing.items():
        stood = sorted((found[i] for i in ids), key=lambda s: (s.statement.closed_on, s.statement.statement_id))
        listed[payment_id] = [
            Listed(s.statement, s.reasons, s.deposits, [d for d in s.decisions if d.payment_id in (None, payment_id)])
            for s in stood
        ]
    return listed


async def _statements(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> dict[str, StatementThen]:
    found = await statements.find(session, statement_ids)
    pages = await _pages(session, found, then)
    lines = await statement_lines.counts(session, found, then)
    registered = await _last_registered(session, found, then)
    came = await _deposits(session, found, then)
    decided: defaultdict[str, list[StoredResolution]] = defaultdict(list)
    about = _DECISIONS.where(_decision.statement_id.in_(found), _decision.decided_at <= then)
    for decision in await read_as(session, StoredResolution, about):
        decided[decision.statement_id].append(decision)
    known = {}
    for i, s in found.items():
        counts, came_last = lines.get(i, NO_LINES), registered.get(i, s.received_at)
        decisions = [Decision(d.effect, d.claimed, d.decided_at) for d in decided[i]]
        stood = statement_then(s, pages[i], came[i], decisions, then)
        reasons = open_reasons(stood, counts)
        if not reasons:
            stood = reconciled_then(stood, [came_last, *pages[i], *(d.seen_at for d in came[i])], decisions)
        known[i] = StatementThen(stood, reasons, came[i], decided[i])
    return known


async def _pages(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> defaultdict[str, list[datetime]]:
    """Statement id → when each of the pages that were here had come."""
    query = select(_page.statement_id, _page.received_at)
    query = query.where(_page.statement_id.in_(statement_ids), _page.received_at <= then)
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for statement_id, received_at in (await session.execute(query)).all():
        found[statement_id].append(received_at)
    return found


async def _last_registered(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> dict[str, datetime]:
    """Statement id → when the last record of a payment that it lists had come."""
    query = (
        select(_line.statement_id, func.max(_r.registered_at))
        .join(tables.receipts, _r.payment_id == _line.payment_id)
        .where(_line.statement_id.in_(statement_ids), _r.registered_at <= then)
        .group_by(_line.statement_id)
    )
    return {statement_id: at for statement_id, at in (await session.execute(query)).all()}


async def _deposits(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime
) -> defaultdict[str, list[DepositThen]]:
    """Statement id → the deposits that counted for it, in the order in which they were seen."""
    moved_here = select(_decision.deposit_id).where(
        _decision.statement_id.in_(statement_ids), _decision.deposit_id.is_not(None)
    )
    concerned = or_(_d.statement_id.in_(statement_ids), _d.counts_for.in_(statement_ids), _d.deposit_id.in_(moved_here))
    query = select(*columns(tables.deposits, StoredDeposit)).where(concerned, _d.seen_at <= then)
    deposits = await read_as(session, StoredDeposit, query.order_by(_d.seen_at))
    moves: defaultdict[str | None, list[StoredResolution]] = defaultdict(list)
    about = _DECISIONS.where(_decision.deposit_id.in_([d.deposit_id for d in deposits]))
    for move in await read_as(session, StoredResolution, about):
        moves[move.deposit_id].append(move)
    on_the_account = await _booked_as_they_came(session, moves)
    found: defaultdict[str, list[DepositThen]] = defaultdict(list)
    for d in deposits:
        moved = moves.get(d.deposit_id, [])
        made = [move for move in moved if move.decided_at <= then]
        was_elsewhere = moved and not made and d.deposit_id not in on_the_account
        account = ACCOUNT_UNKNOWN if was_elsewhere and not d.account else d.account
        counts_for = made[-1].statement_id if made else d.statement_id
        found[counts_for].append(DepositThen(d.amount, d.settler, d.deposited_on, d.seen_at, account))
    return found


async def _booked_as_they_came(session: AsyncConnection, deposit_ids: Collection[str | None]) -> set[str | None]:
    """Those that reached the ward's account: nothing is booked for one that went to another."""
    sources = {f"deposit/{deposit_id}": deposit_id for deposit_id in deposit_ids}
    query = select(_t.source).where(_t.source.in_(sources)).distinct()
    return {sources[source] for source in (await session.execute(query)).scalars()}


async def bookings_of(session: AsyncConnection, slip_numbers: Collection[str]) -> defaultdict[str, list[Booking]]:
    """Slip number → all its bookings for overpayments (過誤納), in order of time."""
    too_much = or_(
        _t.debit == Account.OVERPAYMENTS, _t.credit == Account.OVERPAYMENTS, _t.source.startswith("overpayment/")
    )
    query = (
        select(_t.subject, *columns(tables.transfers, Booking))
        .where(_t.subject.in_(slip_numbers), too_much)
        .order_by(_t.booked_at, _t.source, _t.entry)
    )
    found: defaultdict[str, list[Booking]] = defaultdict(list)
    for slip_number, *booked in (await session.execute(query)).all():
        found[slip_number].append(Booking(*booked))
    return found


async def lapses_of(session: AsyncConnection, payment_ids: Collection[str], then: datetime) -> dict[str, Lapse]:
    """Payment id → how it had ceased to count, and whether it counted again."""
    found = await lapses.of_payments(session, payment_ids)
    return {
        i: lapse
        if lapse.restored_at is None or lapse.restored_at <= then
        else lapse._replace(restored_at=None, counts_from=None)
        for i, lapse in found.items()
        if lapse.lapsed_at <= then
    }
