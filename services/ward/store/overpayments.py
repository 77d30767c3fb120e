"""Overpayments (過誤納), with all that their persons owe."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.vocabulary import business_date
from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.ward.domain.arrears import Paid
from services.ward.domain.overpayments import Claim, Given, Person, PersonSlip, Use
from services.ward.store.rows import add_rows
from services.ward.tables import overpayment_uses, overpayments, slips

_OWNERS = select(slips.c.insured_number).where(in_list(slips.c.slip_number)).distinct()
_SLIPS = (
    select(
        slips.c.slip_number,
        slips.c.insured_number,
        slips.c.amount,
        slips.c.received,
        slips.c.charge_type,
        slips.c.due_on,
        slips.c.remind_on,
    )
    .where(in_list(slips.c.insured_number))
    .order_by(slips.c.slip_number)
)
_LOCKED_SLIPS = _SLIPS.with_for_update()
_CLAIMS = select(overpayments).where(in_list(overpayments.c.slip_number))
_GIVEN = (
    select(overpayment_uses)
    .where(in_list(overpayment_uses.c.slip_number))
    .order_by(overpayment_uses.c.slip_number, overpayment_uses.c.number)
)
_USE = overpayment_uses.c
_NAMES = [f.name for f in fields(Given)]
_DROP = delete(overpayments).where(in_list(overpayments.c.slip_number))
_CHANGED = Bulk(
    update(overpayment_uses)
    .where(overpayment_uses.c.slip_number == bindparam("of_slip"), overpayment_uses.c.number == bindparam("nth"))
    .values(
        use=bindparam("use_now"),
        ended_at=bindparam("ended"),
        withdrawn=bindparam("withdrawn_now"),
        reclaimed=bindparam("reclaimed_now"),
    )
)


async def lock_people(session: AsyncConnection, slip_numbers: Collection[str]) -> list[Person]:
    """The persons whose slips these are, with all their slips, which are locked in order of number."""
    return await _people(session, slip_numbers, _LOCKED_SLIPS)


async def find_people(session: AsyncConnection, slip_numbers: Collection[str]) -> list[Person]:
    """The same, to look at."""
    return await _people(session, slip_numbers, _SLIPS)


async def _people(session: AsyncConnection, slip_numbers: Collection[str], query: Any) -> list[Person]:
    owners = sorted((await session.execute(_OWNERS, {"ids": list(slip_numbers)})).scalars())
    people = {owner: Person({}, {}, []) for owner in owners}
    owner_of = {}
    for number, owner, *account in (await session.execute(query, {"ids": owners})).all():
        owner_of[number] = people[owner]
        people[owner].slips[number] = PersonSlip(*account)
    ids = {"ids": list(owner_of)}
    for row in (await session.execute(_CLAIMS, ids)).all():
        owner_of[row.slip_number].claims[row.slip_number] = Claim(*row)
    for row in (await session.execute(_GIVEN, ids)).all():
        owner_of[row.slip_number].given.append(Given(*(getattr(row, name) for name in _NAMES)))
    return list(people.values())


async def change_claims(session: AsyncConnection, gone: Sequence[str], new: Iterable[Claim]) -> None:
    """End claims by their slips, then keep others."""
    if gone:
        await session.execute(_DROP, {"ids": gone})
    await add_rows(session, overpayments, [claim._asdict() for claim in new])


async def add_uses(session: AsyncConnection, new: Iterable[Given]) -> None:
    """Keep what was given away."""
    await add_rows(session, overpayment_uses, [asdict(given) for given in new])


async def save_uses(session: AsyncConnection, changed: Iterable[Given]) -> None:
    """Write back what became of it."""
    rows = [
        {
            "of_slip": given.slip_number,
            "nth": given.number,
            "use_now": given.use,
            "ended": given.ended_at,
            "withdrawn_now": given.withdrawn,
            "reclaimed_now": given.reclaimed,
        }
        for given in changed
    ]
    await _CHANGED.execute(session, rows)


# ---- to look at ---------------------------------------------------------------------------------------------


async def find_refunds(session: AsyncConnection) -> Sequence[Any]:
    """還付済: rows of refunds that were paid."""
    return await _uses(session, None, _USE.use == Use.REFUNDED)


async def find_refunds_payable(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """還付未済: rows of refunds that are decided and not paid."""
    return await _uses(session, limit, _USE.use == Use.REFUND_DECIDED, _USE.amount > _USE.withdrawn)


async def find_repayment_claims(session: AsyncConnection, limit: int | None) -> Sequence[Any]:
    """返納金: rows of refunds that turned out not to be owed."""
    return await _uses(session, limit, _USE.reclaimed > 0)


async def _uses(session: AsyncConnection, limit: int | None, *which: ColumnElement[bool]) -> Sequence[Any]:
    query = select(overpayment_uses).where(*which).order_by(_USE.decided_at, _USE.slip_number, _USE.number)
    return (await session.execute(query.limit(limit))).all()


async def overpaid_slip_numbers(session: AsyncConnection, limit: int | None) -> Sequence[str]:
    """Slips with an overpayment, decided on or not, in order of number."""
    undecided = select(slips.c.slip_number).where(slips.c.received > slips.c.amount)
    query = undecided.union(select(overpayment_uses.c.slip_number)).order_by("slip_number").limit(limit)
    return (await session.execute(query)).scalars().all()


async def applied_to(session: AsyncConnection, slip_number: str) -> Sequence[Paid]:
    """充当: what was applied to a slip from others of its person, and when."""
    found = await _uses(session, None, _USE.to_slip == slip_number)
    return [Paid(business_date(row.decided_at), row.amount - row.withdrawn) for row in found]
