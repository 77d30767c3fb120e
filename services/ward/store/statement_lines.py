"""明細行: lines of closing statements, compared with the receipts registered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, case, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import ReceiptKind
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.database.expressions import in_list
from services.ward import tables
from services.ward.domain.receipts import standing
from services.ward.domain.reconciliation import LineCounts, Reason
from services.ward.domain.resolution import Action, ListedPayment
from services.ward.store import receipts
from services.ward.store.inserts import add_missing_rows
from services.ward.store.rows import StoredLine

_line = tables.statement_lines.c
_DECIDE = Bulk(
    update(tables.statement_lines)
    .where(_line.statement_id == bindparam("of_statement"), _line.payment_id == bindparam("of_payment"))
    .values(decided=bindparam("decided_now"))
)
_THEN = bindparam("then", type_=Instant())
_LISTING = select(_line.statement_id).where(_line.payment_id == bindparam("payment"))


async def counts(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime | None = None
) -> dict[str, LineCounts]:
    """Statement id → its lines compared with the receipts registered, counted by the database.

    With `then`, as they were known at that instant. A statement without lines is missing.
    """
    bound = {"ids": list(statement_ids)} | ({} if then is None else {"then": then})
    found = (await session.execute(_counts_query(then=then is not None), bound)).all()
    return {statement_id: LineCounts(*(int(figure) for figure in figures)) for statement_id, *figures in found}


@cache
def _counts_query(*, then: bool = False) -> Select[*tuple[Any, ...]]:
    compared = compared_lines(then=then)
    counted = (func.sum(case((condition, 1), else_=0)) for condition in compared.wrong.values())
    query = (
        select(_line.statement_id, func.count(), func.sum(_line.amount), *counted)
        .select_from(compared.rows)
        .where(in_list(_line.statement_id))
        .group_by(_line.statement_id)
    )
    return query.where(listed_then(tables.statement_lines)) if then else query


async def statements_listing(session: AsyncConnection, payment_id: str) -> Sequence[str]:
    """Ids of the statements that list a payment."""
    return list((await session.execute(_LISTING, {"payment": payment_id})).scalars())


async def listed_payment(session: AsyncConnection, statement_id: str, payment_id: str, room: int) -> ListedPayment:
    """A payment as a statement lists it, or leaves it out, compared with its receipts."""
    compared = compared_lines()
    wrong_elsewhere = compared.wrong[Reason.CLAIMED_TWICE]
    found = (
        await session.execute(
            select(_line.amount, compared.amount, compared.stands, compared.settler, _line.decided, wrong_elsewhere)
            .select_from(compared.rows)
            .where(_line.statement_id == statement_id, _line.payment_id == payment_id)
        )
    ).one_or_none()
    if found is not None:
        stated, registered, stands, settler, decided, elsewhere = found
        here = registered if stands else None
        return ListedPayment(payment_id, stated, here, settler, bool(elsewhere), decided is not None, room)
    receipt = standing((await receipts.records_of(session, [payment_id]))[payment_id])
    listed_elsewhere = bool(await statements_listing(session, payment_id))
    if receipt is None:
        return ListedPayment(payment_id, None, None, None, listed_elsewhere, room=room)
    return ListedPayment(payment_id, None, receipt.amount, receipt.settler, listed_elsewhere, room=room)


async def add(session: AsyncConnection, line: StoredLine) -> None:
    """明細補記: the statement lists a payment that it left out."""
    await add_missing_rows(session, tables.statement_lines, [line])


async def decide(session: AsyncConnection, statement_id: str, payment_id: str, action: Action) -> None:
    """Record the decision about a line, which is then no longer compared with the receipts."""
    row = {"of_statement": statement_id, "of_payment": payment_id, "decided_now": action}
    await _DECIDE.execute(session, [row])


# ---- parts of queries ---------------------------------------------------------------------------------------


class ComparedLines(NamedTuple):
    """Lines joined with the records of their payments, and the error of a line, if any."""

    rows: FromClause
    amount: ColumnElement[int]
    stands: ColumnElement[bool]
    settler: ColumnElement[Any]
    wrong: Mapping[Reason, ColumnElement[bool]]


@cache
def compared_lines(*, then: bool = False) -> ComparedLines:
    """With `then`, without the records, decisions, lines and statements that came after the instant bound as `then`."""
    line = tables.statement_lines
    first, confirmed, cancelled = (tables.receipts.alias() for _ in range(3))
    joined: FromClause = line
    for record, kind in (
        (first, ReceiptKind.PRELIMINARY),
        (confirmed, ReceiptKind.CONFIRMED),
        (cancelled, ReceiptKind.CANCELLED),
    ):
        same = (record.c.payment_id == line.c.payment_id) & (record.c.kind == kind)
        joined = joined.outerjoin(record, same & (record.c.registered_at <= _THEN) if then else same)
    other = tables.statement_lines.alias()
    elsewhere = exists().where(
        other.c.payment_id == line.c.payment_id,
        other.c.statement_id != line.c.statement_id,
        _undecided(other, then) | (other.c.decided != Action.RETURN_PAYMENT),
        *([listed_then(other)] if then else ()),
    )
    amount = func.coalesce(first.c.amount, confirmed.c.amount)
    settler = func.coalesce(first.c.settler, confirmed.c.settler)
    stands, undecided = cancelled.c.kind.is_(None), _undecided(line, then)
    wrong = {
        Reason.RECEIPT_MISSING: amount.is_(None) & stands & undecided,
        Reason.RECEIPT_NOT_CONFIRMED: amount.is_not(None) & confirmed.c.kind.is_(None) & stands & undecided,
        Reason.RECEIPT_CANCELLED: cancelled.c.kind.is_not(None) & undecided,
        Reason.AMOUNT_DIFFERS: (amount != line.c.amount) & stands & undecided,
        Reason.SETTLER_DIFFERS: (settler != tables.statements.c.settler) & stands & undecided,
        Reason.CLAIMED_TWICE: elsewhere & undecided,
    }
    rows = joined.join(tables.statements, tables.statements.c.statement_id == line.c.statement_id)
    return ComparedLines(rows, amount, stands, settler, wrong)


def _undecided(line: FromClause, then: bool) -> ColumnElement[bool]:
    """Whether nothing is decided about a line, or was by then."""
    undecided = line.c.decided.is_(None)
    return undecided | _decided_after_then(line, tables.resolutions.c.action == line.c.decided) if then else undecided


def listed_then(line: FromClause) -> ColumnElement[bool]:
    """Whether a line was known at the instant bound as `then`: its statement was here, and it was not added since."""
    its_own = tables.statements.alias()
    here = exists().where(its_own.c.statement_id == line.c.statement_id, its_own.c.received_at <= _THEN)
    return here & ~_decided_after_then(line, tables.resolutions.c.action == Action.ADD_LINE)


def _decided_after_then(line: FromClause, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    r = tables.resolutions.c
    its_own = r.statement_id == line.c.statement_id, r.payment_id == line.c.payment_id
    return exists().where(*its_own, r.decided_at > _THEN, *which)
