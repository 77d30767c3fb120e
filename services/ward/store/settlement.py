"""Closing statements and deposits (締め明細・入金)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.ward.domain.settlement import Booked, Statement
from services.ward.store.rows import add_missing_rows, add_rows
from services.ward.tables import deposits, resolutions, statement_lines, statement_pages, statements

_BOOKED = Bulk(
    update(statements)
    .where(statements.c.statement_id == bindparam("settled_statement"))
    .values(
        booked_fee=bindparam("fee_now"),
        booked_difference=bindparam("difference_now"),
        booked_claim=bindparam("claim_now"),
        overdue_since=bindparam("overdue_now"),
        lapsed_at=bindparam("lapsed_now"),
        settled_at=bindparam("settled_since"),
        reconciled_at=bindparam("reconciled_since"),
    )
)
_PAGES = select(statement_pages).where(in_list(statement_pages.c.statement_id))
_DEPOSITS = select(deposits).where(in_list(deposits.c.deposit_id))
_LISTED = select(statement_lines.c.statement_id)
_LISTING_ANY = statements.c.statement_id.in_(_LISTED.where(in_list(statement_lines.c.payment_id)))
_LISTING_UPSET = statements.c.statement_id.in_(_LISTED.where(in_list(statement_lines.c.payment_id, "upset")))
_LOCKED_LISTING = Lookup(
    select(statements.c.statement_id)
    .where(_LISTING_ANY, statements.c.reconciled_at.is_(None) | _LISTING_UPSET)
    .order_by(statements.c.statement_id)
    .with_for_update()
)
_LOCK = (
    select(statements.c.statement_id)
    .where(in_list(statements.c.statement_id))
    .order_by(statements.c.statement_id)
    .with_for_update()
)


async def known_pages(session: AsyncConnection, statement_ids: Collection[str]) -> dict[tuple[str, int], Any]:
    """(statement id, page) → row"""
    found = await session.execute(_PAGES, {"ids": list(statement_ids)})
    return {(row.statement_id, row.page): row for row in found.all()}


async def add_statements(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep statements that are new; one that is known stays as it is."""
    await add_missing_rows(session, statements, rows)


async def add_pages(
    session: AsyncConnection, pages: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
) -> None:
    """Keep new pages and their lines. A payment that one statement lists twice is kept once: the totals show it."""
    await add_rows(session, statement_pages, pages)
    await add_missing_rows(session, statement_lines, lines)


async def find_deposits(session: AsyncConnection, deposit_ids: Collection[str]) -> dict[str, Any]:
    """Deposit id → row."""
    found = await session.execute(_DEPOSITS, {"ids": list(deposit_ids)})
    return {row.deposit_id: row for row in found.all()}


async def add_deposits(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new deposits."""
    await add_rows(session, deposits, rows)


async def lock_listing(
    session: AsyncConnection, *, confirmed: Collection[str] = (), upset: Collection[str] = ()
) -> Sequence[str]:
    """Ids of the statements that list any of the `upset` payments, or that list a `confirmed` one and are not
    reconciled: locked in order.

    One that is not settled yet is locked too: a deposit that is being matched at the same time waits, and then sees
    what this transaction has written.
    """
    found = await _LOCKED_LISTING.rows(session, ids=[*confirmed, *upset], upset=list(upset))
    return [statement_id for (statement_id,) in found]


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
    its_deposits = deposits.c.counts_for == statements.c.statement_id
    on_account, elsewhere = deposits.c.account == "", deposits.c.account != ""
    deposited = select(func.coalesce(func.sum(deposits.c.amount), 0)).where(its_deposits)
    decided = resolutions.c.statement_id == statements.c.statement_id
    query = select(
        statements,
        here.scalar_subquery().label("pages_here"),
        select(func.count()).where(its_deposits, on_account).scalar_subquery().label("deposits"),
        deposited.where(on_account).scalar_subquery().label("deposited"),
        deposited.where(elsewhere).scalar_subquery().label("misdirected"),
        *(
            select(func.coalesce(func.sum(column), 0)).where(decided).scalar_subquery().label(name)
            for column, name in ((resolutions.c.effect, "adjusted"), (resolutions.c.claimed, "claimed"))
        ),
    )
    return _StatementQueries(
        query.where(in_list(statements.c.statement_id)), query.where(statements.c.reconciled_at.is_(None))
    )


def _statement(row: RowMapping) -> Statement:
    stored = {f.name: row[f.name] for f in fields(Statement) if f.name in row}
    booked = Booked(row["booked_fee"], row["booked_difference"], row["booked_claim"])
    sums = {name: int(row[name]) for name in ("deposited", "misdirected", "adjusted", "claimed")}
    return Statement(**stored | sums | {"booked": booked})


async def save_settled(session: AsyncConnection, changed: Iterable[Statement]) -> None:
    """Write back what is booked for statements, and since when they are overdue, lapsed, settled and reconciled."""
    rows = [
        {
            "settled_statement": s.statement_id,
            "fee_now": s.booked.fee,
            "difference_now": s.booked.difference,
            "claim_now": s.booked.claimed,
            "overdue_now": s.overdue_since,
            "lapsed_now": s.lapsed_at,
            "settled_since": s.settled_at,
            "reconciled_since": s.reconciled_at,
        }
        for s in changed
    ]
    await _BOOKED.execute(session, rows)
