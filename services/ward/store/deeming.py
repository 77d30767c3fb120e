"""代理納付の効力: what is known of the dates of payments, of designated dates and of payments that ceased to count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Method, ReceiptKind, business_date
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import EPOCH
from services.chassis.database.expressions import in_list
from services.ward.domain.deeming import LegalMode, ProxyPayment, covered_on
from services.ward.domain.settlement import Statement
from services.ward.store.rows import add_rows
from services.ward.store.settlement import find_statements
from services.ward.tables import deposits, lapses, receipts, statement_lines

_SAVE_LAPSES = Bulk(
    update(lapses)
    .where(lapses.c.payment_id == bindparam("lapsed_payment"))
    .values(restored_at=bindparam("restored_now"), counts_from=bindparam("counts_now"))
)
_LAPSES = select(lapses).where(in_list(lapses.c.payment_id))
_LINES_OF = select(statement_lines).where(in_list(statement_lines.c.statement_id))
_DEPOSITS_OF = (
    select(deposits.c.counts_for, deposits.c.deposited_on, deposits.c.amount)
    .where(in_list(deposits.c.counts_for), deposits.c.account == "")
    .order_by(deposits.c.deposited_on, deposits.c.deposit_id)
)


@dataclass(frozen=True, slots=True)
class Lapse:
    """失効: a payment that did not count any more; it counts again since `restored_at`."""

    payment_id: str
    statement_id: str
    slip_number: str
    amount: int
    mode: LegalMode
    counted_since: date
    lapsed_at: datetime
    restored_at: datetime | None = None
    counts_from: date | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """A payment whose receipt stands, with its dates as far as they are known."""

    payment_id: str
    statement_id: str | None
    slip_number: str
    slip_known: bool
    payment: ProxyPayment


def standing(*columns: Any) -> Select[*tuple[Any, ...]]:
    """The record that counts of each payment whose receipt stands."""
    other = receipts.alias()
    same = other.c.payment_id == receipts.c.payment_id
    earlier = exists().where(same, other.c.kind == ReceiptKind.PRELIMINARY)
    cancelled = exists().where(same, other.c.kind == ReceiptKind.CANCELLED)
    counts = or_(receipts.c.kind == ReceiptKind.PRELIMINARY, and_(receipts.c.kind == ReceiptKind.CONFIRMED, ~earlier))
    return select(receipts, *columns).where(counts, ~cancelled)


async def payments_of_statements(session: AsyncConnection, statement_ids: Collection[str]) -> Sequence[Made]:
    """The payments that these statements list, those whose receipts stand, by payment id."""
    lines = (await session.execute(_LINES_OF, {"ids": list(statement_ids)})).all()
    query = standing().where(in_list(receipts.c.payment_id)).order_by(receipts.c.payment_id)
    rows = (await session.execute(query, {"ids": sorted({line.payment_id for line in lines})})).all()
    return await _made(session, rows, lines)


async def payments_of_slips(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, list[Made]]:
    """Slip → the payments that were made for it, those whose receipts stand."""
    query = standing().where(in_list(receipts.c.slip_number)).order_by(receipts.c.payment_id)
    rows = (await session.execute(query, {"ids": sorted(slip_numbers)})).all()
    listing = select(statement_lines).where(in_list(statement_lines.c.payment_id))
    lines = (await session.execute(listing, {"ids": [row.payment_id for row in rows]})).all()
    found: defaultdict[str, list[Made]] = defaultdict(list)
    for made in await _made(session, rows, lines):
        found[made.slip_number].append(made)
    return found


async def _made(session: AsyncConnection, rows: Sequence[Any], lines: Sequence[Any]) -> list[Made]:
    """With the dates that their statements tell, and the day on which the money of each came."""
    statements = await find_statements(session, sorted({line.statement_id for line in lines}))
    covered = await _covered(session, statements)
    by_payment = {line.payment_id: line for line in lines}
    return [_one(row, by_payment.get(row.payment_id), statements, covered) for row in rows]


def _one(row: Any, line: Any, statements: Mapping[str, Statement], covered: Mapping[tuple[str, str], date]) -> Made:
    paid_on = business_date(row.paid_at)
    statement = None if line is None else statements.get(line.statement_id)
    payment = ProxyPayment(
        amount=row.amount,
        approved_on=business_date(line.approved_at) if line is not None and line.approved_at else paid_on,
        entrusted_on=business_date(line.entrusted_at) if line is not None and line.entrusted_at else paid_on,
        designated_date=None if statement is None else statement.designated_date,
        deposited_on=None if line is None else covered.get((line.statement_id, row.payment_id)),
        by_agent=row.method is Method.CARD,
    )
    statement_id = None if line is None else line.statement_id
    return Made(row.payment_id, statement_id, row.slip_number, row.slip_known, payment)


async def _covered(session: AsyncConnection, statements: Mapping[str, Statement]) -> dict[tuple[str, str], date]:
    """(statement, payment) → the day on which its money came: a statement's first entrusted payments come first."""
    ids = {"ids": sorted(statements)}
    lines: defaultdict[str, list[Any]] = defaultdict(list)
    for line in (await session.execute(_LINES_OF, ids)).all():
        lines[line.statement_id].append(line)
    came: defaultdict[str, list[tuple[date, int]]] = defaultdict(list)
    for statement_id, day, amount in (await session.execute(_DEPOSITS_OF, ids)).all():
        came[statement_id].append((day, amount))
    found = {}
    for statement_id, s in statements.items():
        ordered = sorted(lines[statement_id], key=_order_of_covering)
        payments = [(line.payment_id, line.amount) for line in ordered]
        for payment_id, day in covered_on(payments, came[statement_id], s.fee + max(0, s.adjusted)).items():
            found[statement_id, payment_id] = day
    return found


def _order_of_covering(line: Any) -> tuple[datetime, str]:
    """Who was entrusted first; a line that does not say when comes first."""
    return line.entrusted_at or EPOCH, line.payment_id


async def lapses_of(session: AsyncConnection, payment_ids: Collection[str]) -> dict[str, Lapse]:
    """Payment → how it ceased to count, restored or not; one that never did is missing."""
    found = await session.execute(_LAPSES, {"ids": sorted(payment_ids)})
    return {row["payment_id"]: Lapse(**row) for row in found.mappings()}


async def add_lapses(session: AsyncConnection, new: Sequence[Lapse]) -> None:
    """Keep that payments do not count any more."""
    await add_rows(session, lapses, [{f.name: getattr(lapse, f.name) for f in fields(Lapse)} for lapse in new])


async def save_lapses(session: AsyncConnection, restored: Sequence[Lapse]) -> None:
    """Keep since when payments count again."""
    rows = [
        {"lapsed_payment": lapse.payment_id, "restored_now": lapse.restored_at, "counts_now": lapse.counts_from}
        for lapse in restored
    ]
    await _SAVE_LAPSES.execute(session, rows)
