"""Slips (納付書)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from operator import attrgetter

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.chassis.database.reading import read_as
from services.ward import tables
from services.ward.domain.instalments import Levy, Slip
from services.ward.domain.ledger import Entry, levy
from services.ward.domain.reissue import Reissue
from services.ward.domain.slip_accounts import SlipAccount
from services.ward.store import ledger
from services.ward.store.rows import StoredSlip, columns

_s = tables.slips.c
_COLUMNS = [f.name for f in fields(Slip)]
_values = attrgetter(*_COLUMNS)
_INSERT = Bulk(tables.slips.insert())
_RECEIVED = Bulk(
    update(tables.slips).where(_s.slip_number == bindparam("changed_slip")).values(received=bindparam("received_now"))
)
_REISSUED = Bulk(
    update(tables.slips)
    .where(_s.slip_number == bindparam("reissued_slip"))
    .values({name: bindparam(f"new_{name}") for name in ("reissue", "use_by", "barcode", "reissued_at")})
)
_LOCKED = (
    select(*columns(tables.slips, StoredSlip)).where(in_list(_s.slip_number)).order_by(_s.slip_number).with_for_update()
)
_LOCKED_ACCOUNTS = Lookup(
    select(_s.slip_number, _s.amount, _s.received)
    .where(in_list(_s.slip_number))
    .order_by(_s.slip_number)
    .with_for_update()
)
_OF_PEOPLE = select(_s.insured_number, _s.levy_year, _s.charge_type, _s.instalment).where(in_list(_s.insured_number))


async def instalments_of(session: AsyncConnection, people: Collection[str]) -> dict[Levy, set[int]]:
    """Levy of these people → instalment numbers in use; a levy without a slip has an empty set."""
    used: defaultdict[Levy, set[int]] = defaultdict(set)
    for number, year, charge_type, instalment in (await session.execute(_OF_PEOPLE, {"ids": list(people)})).all():
        used[Levy(number, year, charge_type)].add(instalment)
    return used


async def issue(
    session: AsyncConnection, issued: Sequence[Slip], remind_on: Mapping[str, date], today: date, at: datetime
) -> None:
    """Insert new slips, and book their debts (調定). `remind_on`: slip number → day of its reminder."""
    if not issued:
        return
    values = dict(zip(_COLUMNS, zip(*map(_values, issued), strict=True), strict=True))
    days = [remind_on[s.slip_number] for s in issued]
    await _INSERT.execute_columns(session, {**values, "issued_at": [at] * len(issued), "remind_on": days})
    levied = (Entry(f"levy/{s.slip_number}", today, levy(s.slip_number, s.amount)) for s in issued)
    await ledger.book(session, levied, at)


async def lock_accounts(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, SlipAccount]:
    """What slips owe and have received, locked in order of number; one never issued is missing."""
    found = await _LOCKED_ACCOUNTS.rows(session, ids=list(slip_numbers))
    return {number: SlipAccount(amount, received) for number, amount, received in found}


async def save_accounts(session: AsyncConnection, changed: Mapping[str, SlipAccount]) -> None:
    """Write what slips have received."""
    if changed:
        received = [account.received for account in changed.values()]
        await _RECEIVED.execute_columns(session, {"changed_slip": [*changed], "received_now": received})


async def lock(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, StoredSlip]:
    """Slips by number, locked in that order; one never issued is missing."""
    found = await read_as(session, StoredSlip, _LOCKED, {"ids": list(slip_numbers)})
    return {slip.slip_number: slip for slip in found}


async def save_reissues(session: AsyncConnection, printed: Mapping[str, Reissue], at: datetime) -> None:
    """Write the changed fields of reissued slips."""
    rows = [
        {
            "reissued_slip": number,
            "new_reissue": new.reissue,
            "new_use_by": new.use_by,
            "new_barcode": new.barcode,
            "new_reissued_at": at,
        }
        for number, new in printed.items()
    ]
    await _REISSUED.execute(session, rows)
