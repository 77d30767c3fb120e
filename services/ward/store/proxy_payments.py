"""代理納付: payments whose receipts stand, with the dates that their legal effect depends on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Method, business_date
from services.chassis.database.columns import EPOCH
from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.deeming import ProxyPayment, StandingPayment, covered_on
from services.ward.domain.settlement import Statement
from services.ward.store import statements
from services.ward.store.receipts import standing
from services.ward.store.rows import StoredLine, columns


class _Receipt(NamedTuple):
    payment_id: str
    slip_number: str
    slip_known: bool
    amount: int
    method: Method
    paid_at: datetime


_r, _d = tables.receipts.c, tables.deposits.c
_STANDING = standing(*columns(tables.receipts, _Receipt)).order_by(_r.payment_id)
_LINES = select(*columns(tables.statement_lines, StoredLine))
_LINES_OF_STATEMENTS = _LINES.where(in_list(tables.statement_lines.c.statement_id))
_LINES_OF_PAYMENTS = _LINES.where(in_list(tables.statement_lines.c.payment_id))
_DEPOSITS = (
    select(_d.counts_for, _d.deposited_on, _d.amount)
    .where(in_list(_d.counts_for), _d.account == "")
    .order_by(_d.deposited_on, _d.deposit_id)
)


async def of_statements(session: AsyncConnection, statement_ids: Collection[str]) -> Sequence[StandingPayment]:
    """The payments that these statements list and whose receipts stand, by payment id."""
    lines = await read_as(session, StoredLine, _LINES_OF_STATEMENTS, {"ids": list(statement_ids)})
    payment_ids = sorted({line.payment_id for line in lines})
    found = await read_as(session, _Receipt, _STANDING.where(in_list(_r.payment_id)), {"ids": payment_ids})
    return await _with_dates(session, found, lines)


async def of_slips(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, list[StandingPayment]]:
    """Slip number → its payments whose receipts stand."""
    found = await read_as(session, _Receipt, _STANDING.where(in_list(_r.slip_number)), {"ids": sorted(slip_numbers)})
    lines = await read_as(session, StoredLine, _LINES_OF_PAYMENTS, {"ids": [r.payment_id for r in found]})
    payments: defaultdict[str, list[StandingPayment]] = defaultdict(list)
    for payment in await _with_dates(session, found, lines):
        payments[payment.slip_number].append(payment)
    return payments


async def _with_dates(
    session: AsyncConnection, receipts: Sequence[_Receipt], lines: Sequence[StoredLine]
) -> list[StandingPayment]:
    """With the dates that their statements give, and the day on which the money of each came."""
    listing = await statements.find(session, sorted({line.statement_id for line in lines}))
    covered = await _covered(session, listing)
    by_payment = {line.payment_id: line for line in lines}
    return [_standing_payment(r, by_payment.get(r.payment_id), listing, covered) for r in receipts]


def _standing_payment(
    receipt: _Receipt,
    line: StoredLine | None,
    listing: Mapping[str, Statement],
    covered: Mapping[tuple[str, str], date],
) -> StandingPayment:
    paid_on = business_date(receipt.paid_at)
    statement = None if line is None else listing.get(line.statement_id)
    payment = ProxyPayment(
        amount=receipt.amount,
        approved_on=business_date(line.approved_at) if line is not None and line.approved_at else paid_on,
        entrusted_on=business_date(line.entrusted_at) if line is not None and line.entrusted_at else paid_on,
        designated_date=None if statement is None else statement.designated_date,
        deposited_on=None if line is None else covered.get((line.statement_id, receipt.payment_id)),
        by_agent=receipt.method is Method.CARD,
    )
    statement_id = None if line is None else line.statement_id
    return StandingPayment(receipt.payment_id, statement_id, receipt.slip_number, receipt.slip_known, payment)


async def _covered(session: AsyncConnection, listing: Mapping[str, Statement]) -> dict[tuple[str, str], date]:
    """(statement, payment) → the day on which its money came. A deposit covers a statement's payments in the order in
    which they were entrusted."""
    ids = {"ids": sorted(listing)}
    lines: defaultdict[str, list[StoredLine]] = defaultdict(list)
    for line in await read_as(session, StoredLine, _LINES_OF_STATEMENTS, ids):
        lines[line.statement_id].append(line)
    came: defaultdict[str, list[tuple[date, int]]] = defaultdict(list)
    for statement_id, day, amount in (await session.execute(_DEPOSITS, ids)).all():
        came[statement_id].append((day, amount))
    found = {}
    for statement_id, s in listing.items():
        ordered = sorted(lines[statement_id], key=_order_of_covering)
        payments = [(line.payment_id, line.amount) for line in ordered]
        for payment_id, day in covered_on(payments, came[statement_id], s.fee + max(0, s.adjusted)).items():
            found[statement_id, payment_id] = day
    return found


def _order_of_covering(line: StoredLine) -> tuple[datetime, str]:
    """A line without an instant of entrustment comes first."""
    return line.entrusted_at or EPOCH, line.payment_id
