"""過誤納: overpayments and what they were used for, with all that their persons owe."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.overpayments import Overpayment, OverpaymentUse, Person, PersonSlip
from services.ward.store.inserts import add_rows
from services.ward.store.rows import columns

_s, _o, _use = tables.slips.c, tables.overpayments.c, tables.overpayment_uses.c
_OWNERS = select(_s.insured_number).where(in_list(_s.slip_number)).distinct()
_SLIPS = (
    select(_s.slip_number, _s.insured_number, *(tables.slips.c[f.name] for f in fields(PersonSlip)))
    .where(in_list(_s.insured_number))
    .order_by(_s.slip_number)
)
_LOCKED_SLIPS = _SLIPS.with_for_update()
_UNDECIDED = select(*columns(tables.overpayments, Overpayment)).where(in_list(_o.slip_number))
_NAMES = [f.name for f in fields(OverpaymentUse)]
_values = attrgetter(*_NAMES)
_USES = (
    select(*(_use[name] for name in _NAMES)).where(in_list(_use.slip_number)).order_by(_use.slip_number, _use.number)
)
_INSERT = Bulk(tables.overpayment_uses.insert())
_DROP = delete(tables.overpayments).where(in_list(_o.slip_number))
_SAVE = Bulk(
    update(tables.overpayment_uses)
    .where(_use.slip_number == bindparam("of_slip"), _use.number == bindparam("nth"))
    .values(
        use=bindparam("use_now"),
        ended_at=bindparam("ended_now"),
        withdrawn=bindparam("withdrawn_now"),
        reclaimed=bindparam("reclaimed_now"),
    )
)


async def lock_people(session: AsyncConnection, slip_numbers: Collection[str]) -> list[Person]:
    """The persons whose slips these are, with all their slips, which are locked in order of number."""
    return await _people(session, slip_numbers, _LOCKED_SLIPS)


async def find_people(session: AsyncConnection, slip_numbers: Collection[str]) -> list[Person]:
    """The persons whose slips these are, with all their slips, not locked."""
    return await _people(session, slip_numbers, _SLIPS)


async def _people(
    session: AsyncConnection, slip_numbers: Collection[str], of_owners: Select[*tuple[Any, ...]]
) -> list[Person]:
    owners = sorted((await session.execute(_OWNERS, {"ids": list(slip_numbers)})).scalars())
    people = {owner: Person({}, {}, []) for owner in owners}
    owner_of = {}
    for number, owner, *slip in (await session.execute(of_owners, {"ids": owners})).all():
        owner_of[number] = people[owner]
        people[owner].slips[number] = PersonSlip(*slip)
    ids = {"ids": list(owner_of)}
    for overpayment in await read_as(session, Overpayment, _UNDECIDED, ids):
        owner_of[overpayment.slip_number].undecided[overpayment.slip_number] = overpayment
    for use in await read_as(session, OverpaymentUse, _USES, ids):
        owner_of[use.slip_number].uses.append(use)
    return list(people.values())


async def change_undecided(session: AsyncConnection, ended: Sequence[str], new: Sequence[Overpayment]) -> None:
    """Delete overpayments by their slips, then insert others."""
    if ended:
        await session.execute(_DROP, {"ids": ended})
    await add_rows(session, tables.overpayments, new)


async def add_uses(session: AsyncConnection, new: Sequence[OverpaymentUse]) -> None:
    """Raises `IntegrityError` for a slip and number that are known."""
    if new:
        values = zip(*map(_values, new), strict=True)
        await _INSERT.execute_columns(session, dict(zip(_NAMES, values, strict=True)))


async def save_uses(session: AsyncConnection, changed: Iterable[OverpaymentUse]) -> None:
    """Save changed uses."""
    rows = [
        {
            "of_slip": use.slip_number,
            "nth": use.number,
            "use_now": use.use,
            "ended_now": use.ended_at,
            "withdrawn_now": use.withdrawn,
            "reclaimed_now": use.reclaimed,
        }
        for use in changed
    ]
    await _SAVE.execute(session, rows)
