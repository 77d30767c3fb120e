"""消去: every statement that erases the provider's rows, by the rules of `domain.erasure`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, bindparam, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.duties.erasing import ERASED, Cut
from contracts.vocabulary import business_date
from services.chassis.database.emptying import emptied
from services.chassis.erasure.data import Gone, PartyData
from services.payment_provider.domain.erasure import (
    CONSENTS,
    ENDED,
    FILES,
    IN_NO_FILE,
    LEFT_OPEN,
    PAYMENTS,
    RULES,
    SETTLED,
    TERMINAL_ACCESSES,
)
from services.payment_provider.domain.payment import PaymentStatus
from services.payment_provider.tables import (
    closings,
    consents,
    payments,
    receipt_file_parts,
    receipt_files,
    receipts,
    terminal_accesses,
)

_p: Final = payments.c
_MADE_AT: Final = func.coalesce(_p.paid_at, _p.method_chosen_at, _p.scanned_at)
_NOT_DEPOSITED: Final = exists().where(
    closings.c.settler == _p.settler, closings.c.closed_on == _p.closes_on, closings.c.deposited_on.is_(None)
)


def _of(cut: Cut) -> ColumnElement[bool]:
    return and_(_p.erased_at.is_(None), cut.before > _MADE_AT)


def _is_settled(now: datetime) -> ColumnElement[bool]:
    """A network says itself when it deposits; an agent's deposit is taken as made after its day."""
    deposited = and_(_p.deposit_on < business_date(now), ~_NOT_DEPOSITED)
    return or_(_p.status.in_([*ENDED, LEFT_OPEN]), and_(_p.status == SETTLED, deposited))


async def holds(session: AsyncConnection, cut: Cut) -> bool:
    found = (
        select(_p.payment_id).where(_of(cut)).limit(1),
        select(consents.c.consent_id).where(consents.c.consented_at < cut.before).limit(1),
    )
    return any([(await session.execute(query)).first() is not None for query in found])


async def erase(session: AsyncConnection, cut: Cut, now: datetime) -> Gone:
    """Payments are locked by id, as always."""
    settled = select(_p.payment_id, _p.slip_number).where(_of(cut), _is_settled(now))
    rows = (await session.execute(settled.order_by(_p.payment_id).with_for_update())).all()
    await session.execute(update(payments).where(_of(cut), _is_settled(now)).values(_what_remains(now)))
    left = select(_p.payment_id).where(_of(cut)).order_by(_p.payment_id)
    kept = (await session.execute(left)).scalars().all()
    parts = await _erase_files(session, now)
    users = await _erase_consents(session, cut)
    counts = {
        PAYMENTS: len(rows),
        CONSENTS: len(users),
        FILES: parts,
        TERMINAL_ACCESSES: await _erased_rows(session, terminal_accesses, terminal_accesses.c.at < cut.before),
    }
    persons = {*(f"slip:{slip}" for _, slip in rows), *(f"app_user:{user}" for user in users)}
    return Gone(counts, kept, [payment_id for payment_id, _ in rows], persons)


def _what_remains(now: datetime) -> dict[str, Any]:
    ended = case((_p.status == LEFT_OPEN, literal(PaymentStatus.ABANDONED, _p.status.type)), else_=_p.status)
    return {
        **emptied(payments, PAYMENTS, ERASED + _p.payment_id),
        "status": ended,
        "ended_at": _ended_at(now),
        "erased_at": now,
    }


def _ended_at(now: datetime) -> ColumnElement[Any]:
    return case((_p.status == LEFT_OPEN, literal(now, _p.ended_at.type)), else_=_p.ended_at)


async def _erase_files(session: AsyncConnection, now: datetime) -> int:
    """The content of files that report a payment erased now; a record that is in no file gets into none."""
    erased_now = select(_p.payment_id).where(_p.erased_at == now)
    of_erased = receipts.c.payment_id.in_(erased_now)
    unfiled = receipts.c.file_name.is_(None), of_erased
    await session.execute(update(receipts).where(*unfiled).values(file_name=IN_NO_FILE))
    names = select(receipts.c.file_name).where(of_erased, receipts.c.file_name.is_not(None)).distinct()
    there = select(receipt_file_parts.c.name).distinct().where(receipt_file_parts.c.name.in_(names))
    found = (await session.execute(there)).scalars().all()
    await session.execute(delete(receipt_file_parts).where(receipt_file_parts.c.name.in_(names)))
    closed = receipt_files.c.name.in_(names), receipt_files.c.erased_at.is_(None)
    await session.execute(update(receipt_files).where(*closed).values(erased_at=now))
    return len(found)


async def _erase_consents(session: AsyncConnection, cut: Cut) -> set[str]:
    """Returns the users of the app who gave them. Compared here: no index leads from a consent to its payments."""
    c = consents.c
    given = (await session.execute(select(c.consent_id, c.app_user).where(c.consented_at < cut.before))).all()
    query = select(_p.consent_id).where(_p.consent_id.is_not(None)).distinct()
    needed = set((await session.execute(query)).scalars()) if given else set()
    unused = [(consent_id, user) for consent_id, user in given if consent_id not in needed]
    if unused:
        one = delete(consents).where(c.consent_id == bindparam("unused"))
        await session.execute(one, [{"unused": consent_id} for consent_id, _ in unused])
    return {user for _, user in unused}


async def _erased_rows(session: AsyncConnection, table: Table, which: ColumnElement[bool]) -> int:
    return int((await session.execute(delete(table).where(which))).rowcount)


DATA: Final = PartyData(RULES, holds, erase)
