"""Lines of closing statements, held against the receipts registered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import ReceiptKind
from services.chassis.database.bulk import Bulk
from services.chassis.database.columns import Instant
from services.chassis.database.expressions import in_list
from services.ward.domain.reconciliation import Concerned, Lines, Reason
from services.ward.domain.resolution import Action, ListedPayment
from services.ward.store.rows import add_missing_rows
from services.ward.tables import receipts, resolutions, statement_lines, statements

_DECIDE = Bulk(
    update(statement_lines)
    .where(
        statement_lines.c.statement_id == bindparam("of_statement"),
        statement_lines.c.payment_id == bindparam("of_payment"),
    )
    .values(decided=bindparam("decided_now"))
)
_THEN = bindparam("then", type_=Instant())
_LISTING = select(statement_lines.c.statement_id).where(statement_lines.c.payment_id == bindparam("payment"))


class _Held(NamedTuple):
    """Lines joined with the records of their payments, and what is wrong with a line."""

    rows: FromClause
    amount: ColumnElement[int]
    stands: ColumnElement[bool]
    settler: ColumnElement[Any]
    wrong: Mapping[Reason, ColumnElement[bool]]


@cache
def _held(*, then: bool = False) -> _Held:
    """`then` leaves out what came after the instant bound as `then`: records, decisions, lines, statements."""
    line, first, confirmed, cancelled = statement_lines, receipts.alias(), receipts.alias(), receipts.alias()
    joined: FromClause = line
    for record, kind in (
        (first, ReceiptKind.PRELIMINARY),
        (confirmed, ReceiptKind.CONFIRMED),
        (cancelled, ReceiptKind.CANCELLED),
    ):
        same = (record.c.payment_id == line.c.payment_id) & (record.c.kind == kind)
        joined = joined.outerjoin(record, same & (record.c.registered_at <= _THEN) if then else same)
    other = statement_lines.alias()
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
        Reason.SETTLER_DIFFERS: (settler != statements.c.settler) & stands & undecided,
        Reason.CLAIMED_TWICE: elsewhere & undecided,
    }
    rows = joined.join(statements, statements.c.statement_id == line.c.statement_id)
    return _Held(rows, amount, stands, settler, wrong)


def _undecided(line: FromClause, then: bool) -> ColumnElement[bool]:
    """Whether nobody has decided about a line, or had by then."""
    undecided = line.c.decided.is_(None)
    return undecided | _decided_after_then(line, resolutions.c.action == line.c.decided) if then else undecided


def listed_then(line: FromClause) -> ColumnElement[bool]:
    """Whether a line was known at the instant bound as `then`: its statement was here, and it was not added since."""
    its_own = statements.alias()
    here = exists().where(its_own.c.statement_id == line.c.statement_id, its_own.c.received_at <= _THEN)
    return here & ~_decided_after_then(line, resolutions.c.action == Action.ADD_LINE)


def _decided_after_then(line: FromClause, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    r = resolutions.c
    its_own = r.statement_id == line.c.statement_id, r.payment_id == line.c.payment_id
    return exists().where(*its_own, r.decided_at > _THEN, *which)


async def lines_of(
    session: AsyncConnection, statement_ids: Collection[str], then: datetime | None = None
) -> dict[str, Lines]:
    """Statement id → its lines held against the receipts registered, counted by the database; as they were known at
    an instant that is past, where one is named."""
    bound = {"ids": list(statement_ids)} | ({} if then is None else {"then": then})
    found = (await session.execute(_lines_query(then=then is not None), bound)).all()
    return {statement_id: Lines(*(int(figure) for figure in figures)) for statement_id, *figures in found}


@cache
def _lines_query(*, then: bool = False) -> Select[*tuple[Any, ...]]:
    line, held = statement_lines.c, _held(then=then)
    counted = (func.sum(case((condition, 1), else_=0)) for condition in held.wrong.values())
    query = (
        select(line.statement_id, func.count(), func.sum(line.amount), *counted)
        .select_from(held.rows)
        .where(in_list(line.statement_id))
        .group_by(line.statement_id)
    )
    return query.where(listed_then(statement_lines)) if then else query


async def payments_concerned(
    session: AsyncConnection, statement_ids: Collection[str], limit: int
) -> dict[str, list[Concerned]]:
    """Statement id → the payments whose lines are wrong and why, at most `limit` of all together, by payment id."""
    found: defaultdict[str, list[Concerned]] = defaultdict(list)
    bound = {"ids": list(statement_ids), "most": limit}
    for statement_id, reason, *figures in (await session.execute(_concerned_query(), bound)).all():
        found[statement_id].append(Concerned(Reason(reason), *figures))
    return found


@cache
def _concerned_query() -> Any:
    line, held = statement_lines.c, _held()
    wrong = [
        select(
            line.statement_id.label("statement_id"),
            literal(reason.value).label("reason"),
            line.payment_id.label("payment_id"),
            line.amount.label("stated"),
            case((held.stands, held.amount), else_=None).label("registered"),
        )
        .select_from(held.rows)
        .where(in_list(line.statement_id), condition)
        for reason, condition in held.wrong.items()
    ]
    every = union_all(*wrong).subquery()
    return select(every).order_by(every.c.statement_id, every.c.payment_id, every.c.reason).limit(bindparam("most"))


async def statements_listing(session: AsyncConnection, payment_id: str) -> Sequence[str]:
    """Ids of the statements that list a payment."""
    return list((await session.execute(_LISTING, {"payment": payment_id})).scalars())


async def listed_payment(session: AsyncConnection, statement_id: str, payment_id: str, room: int) -> ListedPayment:
    """A payment as a statement lists it, or leaves it out, held against its receipts."""
    held, line = _held(), statement_lines.c
    found = (
        await session.execute(
            select(line.amount, held.amount, held.stands, held.settler, line.decided, held.wrong[Reason.CLAIMED_TWICE])
            .select_from(held.rows)
            .where(line.statement_id == statement_id, line.payment_id == payment_id)
        )
    ).one_or_none()
    if found is not None:
        stated, registered, stands, settler, decided, elsewhere = found
        here = registered if stands else None
        return ListedPayment(payment_id, stated, here, settler, bool(elsewhere), decided is not None, room)
    records = (await session.execute(select(receipts).where(receipts.c.payment_id == payment_id))).all()
    standing = {row.kind: row for row in records}
    if ReceiptKind.CANCELLED in standing:
        standing = {}
    first = standing.get(ReceiptKind.PRELIMINARY) or standing.get(ReceiptKind.CONFIRMED)
    elsewhere = bool(await statements_listing(session, payment_id))
    if first is None:
        return ListedPayment(payment_id, None, None, None, elsewhere, room=room)
    return ListedPayment(payment_id, None, first.amount, first.settler, elsewhere, room=room)


async def add_line(session: AsyncConnection, statement_id: str, payment_id: str, amount: int) -> None:
    """明細補記: the statement lists a payment that it left out."""
    row = {"statement_id": statement_id, "payment_id": payment_id, "amount": amount}
    await add_missing_rows(session, statement_lines, [row])


async def decide_line(session: AsyncConnection, statement_id: str, payment_id: str, action: str) -> None:
    """Note what somebody decided about a line: it is not held against the receipts any more."""
    row = {"of_statement": statement_id, "of_payment": payment_id, "decided_now": action}
    await _DECIDE.execute(session, [row])
