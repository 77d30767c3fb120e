"""締め明細 with their open differences, deposits (入金), and decisions about both (差異の処理)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, case, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.reconciliation import NO_LINES, Concerned, Open, Reason, open_reasons
from services.ward.domain.settlement import Statement
from services.ward.store import statement_lines, statements
from services.ward.store.rows import DepositSeen, StoredResolution, columns
from services.ward.store.statement_lines import compared_lines

_d, _decision = tables.deposits.c, tables.resolutions.c


class OpenStatement(NamedTuple):
    """A statement, with every reason why it is not reconciled; none if it is."""

    statement: Statement
    reasons: Sequence[Open]


async def unreconciled(session: AsyncConnection) -> Sequence[OpenStatement]:
    """Statements that are not reconciled, in the order of their closings."""
    found = await statements.unreconciled(session)
    return await with_reasons(session, found.values())


async def with_reasons(session: AsyncConnection, found: Iterable[Statement]) -> Sequence[OpenStatement]:
    """In the order of their closings."""
    ordered = sorted(found, key=lambda s: (s.closed_on, s.statement_id))
    unsettled = [s.statement_id for s in ordered if s.reconciled_at is None]
    lines = await statement_lines.counts(session, unsettled) if unsettled else {}
    return [
        OpenStatement(s, [] if s.reconciled_at else open_reasons(s, lines.get(s.statement_id, NO_LINES)))
        for s in ordered
    ]


async def payments_concerned(
    session: AsyncConnection, statement_ids: Collection[str], limit: int
) -> dict[str, list[Concerned]]:
    """Statement id → the payments whose lines are wrong, and why; by payment id, at most `limit` of all statements."""
    found: defaultdict[str, list[Concerned]] = defaultdict(list)
    bound = {"ids": list(statement_ids), "most": limit}
    for statement_id, reason, *figures in (await session.execute(_concerned_query(), bound)).all():
        found[statement_id].append(Concerned(Reason(reason), *figures))
    return found


@cache
def _concerned_query() -> Select[*tuple[Any, ...]]:
    line, compared = tables.statement_lines.c, compared_lines()
    wrong = [
        select(
            line.statement_id.label("statement_id"),
            literal(reason.value).label("reason"),
            line.payment_id.label("payment_id"),
            line.amount.label("stated"),
            case((compared.stands, compared.amount), else_=None).label("registered"),
        )
        .select_from(compared.rows)
        .where(in_list(line.statement_id), condition)
        for reason, condition in compared.wrong.items()
    ]
    every = union_all(*wrong).subquery()
    return select(every).order_by(every.c.statement_id, every.c.payment_id, every.c.reason).limit(bindparam("most"))


async def deposits_seen(session: AsyncConnection) -> Sequence[DepositSeen]:
    """All deposits, in the order of their dates."""
    query = (
        select(
            _d.deposit_id,
            _d.statement_id,
            _d.settler,
            _d.closed_on,
            _d.amount,
            _d.deposited_on,
            _d.account,
            _d.counts_for,
            tables.statements.c.reconciled_at,
        )
        .outerjoin(tables.statements, tables.statements.c.statement_id == _d.counts_for)
        .order_by(_d.deposited_on, _d.deposit_id)
    )
    return await read_as(session, DepositSeen, query)


async def decisions(
    session: AsyncConnection, statement_id: str | None, limit: int | None
) -> Sequence[StoredResolution]:
    """Decisions about one statement, or about all; the earliest first."""
    query = select(*columns(tables.resolutions, StoredResolution)).order_by(
        _decision.decided_at, _decision.resolution_id
    )
    if statement_id is not None:
        query = query.where(_decision.statement_id == statement_id)
    return await read_as(session, StoredResolution, query.limit(limit))
