"""締め明細: closing statements with their pages and deposits received so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import Settler
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.settlement import Booked, Statement
from services.ward.store.inserts import add_missing_rows, add_rows
from services.ward.store.rows import StoredLine, StoredPage, columns

_s, _page, _line, _d = tables.statements.c, tables.statement_pages.c, tables.statement_lines.c, tables.deposits.c
_SAVED = Bulk(
    update(tables.statements)
    .where(_s.statement_id == bindparam("saved_statement"))
    .values(
        booked_fee=bindparam("fee_now"),
        booked_difference=bindparam("difference_now"),
        booked_claim=bindparam("claim_now"),
        overdue_since=bindparam("overdue_now"),
        lapsed_at=bindparam("lapsed_now"),
        settled_at=bindparam("settled_now"),
        reconciled_at=bindparam("reconciled_now"),
    )
)
_PAGES = select(*columns(tables.statement_pages, StoredPage)).where(in_list(_page.statement_id))
_LISTED = select(_line.statement_id)
_LISTING = _s.statement_id.in_(_LISTED.where(in_list(_line.payment_id)))
_LISTING_CHANGED = _s.statement_id.in_(_LISTED.where(in_list(_line.payment_id, "changed")))
_LOCKED_LISTING = Lookup(
    select(_s.statement_id)
    .where(_LISTING, _s.reconciled_at.is_(None) | _LISTING_CHANGED)
    .order_by(_s.statement_id)
    .with_for_update()
)
_LOCK = select(_s.statement_id).where(in_list(_s.statement_id)).order_by(_s.statement_id).with_for_update()


class NewStatement(NamedTuple):
    """A closing statement as the first of its pages says."""

    statement_id: str
    settler: Settler
    closed_on: date
    deposit_on: date
    total_count: int
    total_amount: int
    fee: int
    pages: int
    designated_date: date | None
    received_at: datetime


async def pages_of(session: AsyncConnection, statement_ids: Collection[str]) -> dict[tuple[str, int], StoredPage]:
    """Pages by statement id and number."""
    found = await read_as(session, StoredPage, _PAGES, {"ids": list(statement_ids)})
    return {(page.statement_id, page.page): page for page in found}


async def add(session: AsyncConnection, new: Sequence[NewStatement]) -> None:
    """Insert statements; one that is known stays as it is."""
    await add_missing_rows(session, tables.statements, new)


async def add_pages(session: AsyncConnection, pages: Sequence[StoredPage], lines: Sequence[StoredLine]) -> None:
    """Insert pages and their lines. A payment that a statement lists twice is inserted once: the totals show it."""
    await add_rows(session, tables.statement_pages, pages)
    await add_missing_rows(session, tables.statement_lines, lines)


async def lock_listing(
    session: AsyncConnection, *, confirmed: Collection[str] = (), changed: Collection[str] = ()
) -> Sequence[str]:
    """Ids of the statements that list any of the `changed` payments, or that list a `confirmed` one and are not
    reconciled: locked in order of id.

    One that is not settled yet is locked too: a deposit that is being matched at the same time waits, and then reads
    what this transaction has written.
    """
    found = await _LOCKED_LISTING.rows(session, ids=[*confirmed, *changed], changed=list(changed))
    return [statement_id for (statement_id,) in found]


async def lock(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Statement]:
    """Statements with pages and deposits so far, locked in order of id; one without any page is missing.

    Pages and deposits are read once the statements are locked: no other transaction adds any then.
    """
    await session.execute(_LOCK, {"ids": list(statement_ids)})
    return await find(session, statement_ids)


async def find(session: AsyncConnection, statement_ids: Collection[str]) -> dict[str, Statement]:
    """Statements with pages and deposits so far, not locked."""
    found = await session.execute(_queries().by_id, {"ids": list(statement_ids)})
    return {row["statement_id"]: _statement(row) for row in found.mappings()}


async def unreconciled(session: AsyncConnection) -> dict[str, Statement]:
    """All statements that are not reconciled, not locked."""
    found = await session.execute(_queries().unreconciled)
    return {row["statement_id"]: _statement(row) for row in found.mappings()}


async def save(session: AsyncConnection, changed: Iterable[Statement]) -> None:
    """Write the bookings of statements, and since when they are overdue, lapsed, settled and reconciled."""
    rows = [
        {
            "saved_statement": s.statement_id,
            "fee_now": s.booked.fee,
            "difference_now": s.booked.difference,
            "claim_now": s.booked.claimed,
            "overdue_now": s.overdue_since,
            "lapsed_now": s.lapsed_at,
            "settled_now": s.settled_at,
            "reconciled_now": s.reconciled_at,
        }
        for s in changed
    ]
    await _SAVED.execute(session, rows)


class _Queries(NamedTuple):
    by_id: Select[*tuple[Any, ...]]
    unreconciled: Select[*tuple[Any, ...]]


@cache
def _queries() -> _Queries:
    pages_here = select(func.count()).where(_page.statement_id == _s.statement_id)
    its_deposits = _d.counts_for == _s.statement_id
    on_account, elsewhere = _d.account == "", _d.account != ""
    deposited = select(func.coalesce(func.sum(_d.amount), 0)).where(its_deposits)
    decision = tables.resolutions.c
    query = select(
        tables.statements,
        pages_here.scalar_subquery().label("pages_here"),
        select(func.count()).where(its_deposits, on_account).scalar_subquery().label("deposits"),
        deposited.where(on_account).scalar_subquery().label("deposited"),
        deposited.where(elsewhere).scalar_subquery().label("misdirected"),
        *(
            select(func.coalesce(func.sum(column), 0))
            .where(decision.statement_id == _s.statement_id)
            .scalar_subquery()
            .label(name)
            for column, name in ((decision.effect, "adjusted"), (decision.claimed, "claimed"))
        ),
    )
    return _Queries(query.where(in_list(_s.statement_id)), query.where(_s.reconciled_at.is_(None)))


def _statement(row: RowMapping) -> Statement:
    stored = {f.name: row[f.name] for f in fields(Statement) if f.name in row}
    booked = Booked(row["booked_fee"], row["booked_difference"], row["booked_claim"])
    sums = {name: int(row[name]) for name in ("deposited", "misdirected", "adjusted", "claimed")}
    return Statement(**stored | sums | {"booked": booked})
