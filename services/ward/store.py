"""Every query of the ward's use cases. Set-based: a sequence in, one statement. (What only looks is in books.py.)

Rows are locked in one order: slips by number, then statements by id, all of a transaction's in one step. What is
inserted stands under keys that no two use cases share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    RowMapping,
    Select,
    Table,
    bindparam,
    case,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import ReceiptKind
from services.chassis.bulk import Bulk
from services.chassis.database import among
from services.ward.domain.instalments import Slip
from services.ward.domain.ledger import Entry, levy
from services.ward.domain.receipts import Discrepancy, Receipt, SlipAccount
from services.ward.domain.reconciliation import Lines
from services.ward.domain.settlement import Booked, Statement
from services.ward.tables import (
    assessments,
    deposits,
    discrepancies,
    receipts,
    slips,
    statement_lines,
    statement_pages,
    statements,
    transfers,
)

PEOPLE_PER_QUERY = 5_000

_RECEIVED = Bulk(
    update(slips).where(slips.c.slip_number == bindparam("changed_slip")).values(received=bindparam("now_received"))
)
_BOOKED = Bulk(
    update(statements)
    .where(statements.c.statement_id == bindparam("settled_statement"))
    .values(
        booked_fee=bindparam("fee_now"),
        booked_difference=bindparam("difference_now"),
        settled_at=bindparam("settled_since"),
        reconciled_at=bindparam("reconciled_since"),
    )
)


_ACCOUNTS = (
    select(slips.c.slip_number, slips.c.amount, slips.c.received)
    .where(among(slips.c.slip_number))
    .order_by(slips.c.slip_number)
    .with_for_update()
)
_RECORDS = select(
    receipts.c.payment_id,
    receipts.c.kind,
    receipts.c.slip_number,
    receipts.c.slip_known,
    receipts.c.amount,
    receipts.c.settler,
).where(among(receipts.c.payment_id))
_SLIPS_OF = select(slips.c.insured_number, slips.c.levy_year, slips.c.instalment).where(among(slips.c.insured_number))
_ASSESSED = select(assessments).where(among(assessments.c.insured_number), among(assessments.c.levy_year, "years"))
_PAGES = select(statement_pages).where(among(statement_pages.c.statement_id))
_DEPOSITS = select(deposits).where(among(deposits.c.deposit_id))
_LISTED = select(statement_lines.c.statement_id)
_LISTING_ANY = statements.c.statement_id.in_(_LISTED.where(among(statement_lines.c.payment_id)))
_LISTING_UPSET = statements.c.statement_id.in_(_LISTED.where(among(statement_lines.c.payment_id, "upset")))
_LOCKED_LISTING = (
    select(statements.c.statement_id)
    .where(_LISTING_ANY, statements.c.reconciled_at.is_(None) | _LISTING_UPSET)
    .order_by(statements.c.statement_id)
    .with_for_update()
)
_LOCK = (
    select(statements.c.statement_id)
    .where(among(statements.c.statement_id))
    .order_by(statements.c.statement_id)
    .with_for_update()
)


async def _add(session: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    await _insert(table).execute(session, rows)


async def _add_missing(session: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    await _insert(table, only_missing=True).execute(session, rows)


@cache
def _insert(table: Table, *, only_missing: bool = False) -> Bulk:
    return Bulk(table.insert(), only_missing=only_missing)


# ---- ledger (介護システム) --------------------------------------------------------------------------------


async def book(session: AsyncConnection, entries: Iterable[Entry], at: datetime) -> None:
    """Book transfers. Raises `IntegrityError` where the same source was booked before."""
    rows = [
        {**t._asdict(), "source": entry.source, "entry": n, "booked_on": entry.booked_on, "booked_at": at}
        for entry in entries
        for n, t in enumerate(entry.transfers, 1)
    ]
    await _add(session, transfers, rows)


async def add_discrepancies(session: AsyncConnection, found: Iterable[Discrepancy], at: datetime) -> None:
    """Keep what contradicts itself; one that is known stays as it is."""
    await _add_missing(session, discrepancies, [{**d._asdict(), "at": at} for d in found])


# ---- slips (納付書) --------------------------------------------------------------------------------------


async def assessed(session: AsyncConnection, people: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """(insured number, levy year) → annual amount, of those among `people` that were assessed before."""
    known = {}
    numbers, years = sorted({number for number, _ in people}), sorted({year for _, year in people})
    for start in range(0, len(numbers), PEOPLE_PER_QUERY):
        some = numbers[start : start + PEOPLE_PER_QUERY]
        for row in (await session.execute(_ASSESSED, {"ids": some, "years": years})).all():
            known[row.insured_number, row.levy_year] = row.annual_amount
    return known


async def add_assessments(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record what was assessed."""
    await _add(session, assessments, rows)


async def instalments_of(session: AsyncConnection, people: Collection[str]) -> dict[tuple[str, int], set[int]]:
    """(insured number, levy year) → instalment numbers in use."""
    used: defaultdict[tuple[str, int], set[int]] = defaultdict(set)
    for number, year, instalment in (await session.execute(_SLIPS_OF, {"ids": list(people)})).all():
        used[number, year].add(instalment)
    return used


async def issue(session: AsyncConnection, issued: Sequence[Slip], today: date, at: datetime) -> None:
    """Insert new slips, and book what is owed for them (調定)."""
    await _add(session, slips, [{**asdict(slip), "issued_at": at} for slip in issued])
    levied = (Entry(f"levy/{s.slip_number}", today, levy(s.slip_number, s.amount)) for s in issued)
    await book(session, levied, at)


async def lock_slip_accounts(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, SlipAccount]:
    """What slips owe and have received, locked in order of number; one never issued is missing."""
    found = await session.execute(_ACCOUNTS, {"ids": list(slip_numbers)})
    return {number: SlipAccount(amount, received) for number, amount, received in found.all()}


async def save_slip_accounts(session: AsyncConnection, changed: Mapping[str, SlipAccount]) -> None:
    """Write back what slips have received."""
    rows = [{"changed_slip": number, "now_received": slip.received} for number, slip in changed.items()]
    await _RECEIVED.execute(session, rows)


# ---- receipts (収納データ) -------------------------------------------------------------------------------


async def records_of(
    session: AsyncConnection, payment_ids: Collection[str]
) -> defaultdict[str, dict[ReceiptKind, Receipt]]:
    """Payment id → the records registered of it; empty for one that is unknown."""
    known: defaultdict[str, dict[ReceiptKind, Receipt]] = defaultdict(dict)
    for row in (await session.execute(_RECORDS, {"ids": list(payment_ids)})).all():
        known[row[0]][row[1]] = Receipt(*row[1:])
    return known


async def add_receipts(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new records."""
    await _add(session, receipts, rows)


# ---- settlement (締め明細・入金) --------------------------------------------------------------------------


async def known_pages(session: AsyncConnection, statement_ids: Collection[str]) -> dict[tuple[str, int], Any]:
    """(statement id, page) → row"""
    found = await session.execute(_PAGES, {"ids": list(statement_ids)})
    return {(row.statement_id, row.page): row for row in found.all()}


async def add_statements(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep statements that are new; one that is known stays as it is."""
    await _add_missing(session, statements, rows)


async def add_pages(
    session: AsyncConnection, pages: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
) -> None:
    """Keep new pages and their lines. A payment that one statement lists twice is kept once: the totals show it."""
    await _add(session, statement_pages, pages)
    await _add_missing(session, statement_lines, lines)


async def find_deposits(session: AsyncConnection, deposit_ids: Collection[str]) -> dict[str, Any]:
    """Deposit id → row."""
    found = await session.execute(_DEPOSITS, {"ids": list(deposit_ids)})
    return {row.deposit_id: row for row in found.all()}


async def add_deposits(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new deposits."""
    await _add(session, deposits, rows)


async def lock_listing(
    session: AsyncConnection, *, confirmed: Collection[str] = (), upset: Collection[str] = ()
) -> Sequence[str]:
    """Ids of the statements that list any of the `upset` payments, or that list a `confirmed` one and are not
    reconciled: locked in order.

    One that is not settled yet is locked too: a deposit that is being matched at the same time waits, and then sees
    what this transaction has written.
    """
    found = await session.execute(_LOCKED_LISTING, {"ids": [*confirmed, *upset], "upset": list(upset)})
    return found.scalars().all()


async def lock_statements(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Statement]:
    """Statements with what has come of them, locked in order of id; one without any page is missing.

    What has come of them is read after they are locked: by then nobody adds to it.
    """
    await session.execute(_LOCK, {"ids": list(statement_ids)})
    return await find_statements(session, statement_ids)


async def find_statements(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Statement]:
    """Statements with what has come of them, to look at."""
    found = await session.execute(_statements_query().by_id, {"ids": list(statement_ids)})
    return {row["statement_id"]: _statement(row) for row in found.mappings()}


async def unreconciled_statements(session: AsyncConnection) -> dict[str, Statement]:
    """All statements that are not reconciled, to look at."""
    found = await session.execute(_statements_query().unreconciled)
    return {row["statement_id"]: _statement(row) for row in found.mappings()}


class _StatementQueries(NamedTuple):
    by_id: Select[*tuple[Any, ...]]
    unreconciled: Select[*tuple[Any, ...]]


@cache
def _statements_query() -> _StatementQueries:
    here = select(func.count()).where(statement_pages.c.statement_id == statements.c.statement_id)
    its_deposits = deposits.c.statement_id == statements.c.statement_id
    deposited = select(func.coalesce(func.sum(deposits.c.amount), 0)).where(its_deposits)
    query = select(
        statements,
        here.scalar_subquery().label("pages_here"),
        select(func.count()).where(its_deposits).scalar_subquery().label("deposits"),
        deposited.scalar_subquery().label("deposited"),
    )
    return _StatementQueries(
        query.where(among(statements.c.statement_id)), query.where(statements.c.reconciled_at.is_(None))
    )


def _statement(row: RowMapping) -> Statement:
    stored = {f.name: row[f.name] for f in fields(Statement) if f.name in row}
    booked = Booked(row["booked_fee"], row["booked_difference"])
    return Statement(**stored | {"deposited": int(row["deposited"]), "booked": booked})


async def lines_of(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Lines]:
    """Statement id → its lines held against the receipts registered, counted by the database."""
    found = (await session.execute(_lines_query(), {"ids": list(statement_ids)})).all()
    return {statement_id: Lines(*(int(figure) for figure in figures)) for statement_id, *figures in found}


@cache
def _lines_query() -> Select[*tuple[Any, ...]]:
    line, first, confirmed, cancelled = statement_lines, receipts.alias(), receipts.alias(), receipts.alias()
    joined: FromClause = line
    for record, kind in (
        (first, ReceiptKind.PRELIMINARY),
        (confirmed, ReceiptKind.CONFIRMED),
        (cancelled, ReceiptKind.CANCELLED),
    ):
        joined = joined.outerjoin(record, (record.c.payment_id == line.c.payment_id) & (record.c.kind == kind))
    other = statement_lines.alias()
    elsewhere = exists().where(other.c.payment_id == line.c.payment_id, other.c.statement_id != line.c.statement_id)
    amount = func.coalesce(first.c.amount, confirmed.c.amount)
    settler = func.coalesce(first.c.settler, confirmed.c.settler)
    stands = cancelled.c.kind.is_(None)
    return (
        select(
            line.c.statement_id,
            func.count(),
            func.sum(line.c.amount),
            _how_many(amount.is_(None) & stands),
            _how_many(amount.is_not(None) & confirmed.c.kind.is_(None) & stands),
            _how_many(cancelled.c.kind.is_not(None)),
            _how_many((amount != line.c.amount) & stands),
            _how_many((settler != statements.c.settler) & stands),
            _how_many(elsewhere),
        )
        .select_from(joined.join(statements, statements.c.statement_id == line.c.statement_id))
        .where(among(line.c.statement_id))
        .group_by(line.c.statement_id)
    )


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


async def save_settled(session: AsyncConnection, changed: Iterable[Statement]) -> None:
    """Write back what is booked for statements, and since when they are settled and reconciled."""
    rows = [
        {
            "settled_statement": s.statement_id,
            "fee_now": s.booked.fee,
            "difference_now": s.booked.difference,
            "settled_since": s.settled_at,
            "reconciled_since": s.reconciled_at,
        }
        for s in changed
    ]
    await _BOOKED.execute(session, rows)
