"""Assessments and slips (納付書)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.bulk import Bulk
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from services.ward.domain.instalments import Levy, Slip
from services.ward.domain.ledger import Entry, levy
from services.ward.domain.receipts import SlipAccount
from services.ward.domain.reissue import Reissue
from services.ward.store.ledger import book
from services.ward.store.rows import add_rows
from services.ward.tables import assessments, slips

PEOPLE_PER_QUERY = 5_000
_COLUMNS = [f.name for f in fields(Slip)]
_RECEIVED = Bulk(
    update(slips).where(slips.c.slip_number == bindparam("changed_slip")).values(received=bindparam("now_received"))
)
_REISSUED = Bulk(
    update(slips)
    .where(slips.c.slip_number == bindparam("reissued_slip"))
    .values({name: bindparam(f"new_{name}") for name in ("reissue", "use_by", "barcode", "reissued_at")})
)
_SLIPS = select(slips).where(in_list(slips.c.slip_number)).order_by(slips.c.slip_number).with_for_update()
_ACCOUNTS = Lookup(
    select(slips.c.slip_number, slips.c.amount, slips.c.received)
    .where(in_list(slips.c.slip_number))
    .order_by(slips.c.slip_number)
    .with_for_update()
)
_SLIPS_OF = select(slips.c.insured_number, slips.c.levy_year, slips.c.charge_type, slips.c.instalment).where(
    in_list(slips.c.insured_number)
)
_ASSESSED = select(assessments).where(in_list(assessments.c.insured_number), in_list(assessments.c.levy_year, "years"))


async def assessed(session: AsyncConnection, levies: Collection[Levy]) -> dict[Levy, int]:
    """Levy → annual amount, of these people and years, as far as they were assessed before."""
    known = {}
    numbers, years = sorted({of.insured_number for of in levies}), sorted({of.levy_year for of in levies})
    for start in range(0, len(numbers), PEOPLE_PER_QUERY):
        some = numbers[start : start + PEOPLE_PER_QUERY]
        for row in (await session.execute(_ASSESSED, {"ids": some, "years": years})).all():
            known[Levy(row.insured_number, row.levy_year, row.charge_type)] = row.annual_amount
    return known


async def add_assessments(session: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Record what was assessed."""
    await add_rows(session, assessments, rows)


async def instalments_of(session: AsyncConnection, people: Collection[str]) -> dict[Levy, set[int]]:
    """Levy of these people → instalment numbers in use."""
    used: defaultdict[Levy, set[int]] = defaultdict(set)
    for number, year, charge_type, instalment in (await session.execute(_SLIPS_OF, {"ids": list(people)})).all():
        used[Levy(number, year, charge_type)].add(instalment)
    return used


async def issue(
    session: AsyncConnection, issued: Sequence[Slip], remind_on: Mapping[str, date], today: date, at: datetime
) -> None:
    """Insert new slips, and book what is owed for them (調定). `remind_on`: slip number → day of its reminder."""
    rows = [
        {**{name: getattr(s, name) for name in _COLUMNS}, "issued_at": at, "remind_on": remind_on[s.slip_number]}
        for s in issued
    ]
    await add_rows(session, slips, rows)
    levied = (Entry(f"levy/{s.slip_number}", today, levy(s.slip_number, s.amount)) for s in issued)
    await book(session, levied, at)


async def lock_slip_accounts(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, SlipAccount]:
    """What slips owe and have received, locked in order of number; one never issued is missing."""
    found = await _ACCOUNTS.rows(session, ids=list(slip_numbers))
    return {number: SlipAccount(amount, received) for number, amount, received in found}


async def save_slip_accounts(session: AsyncConnection, changed: Mapping[str, SlipAccount]) -> None:
    """Write back what slips have received."""
    if changed:
        received = [slip.received for slip in changed.values()]
        await _RECEIVED.execute_columns(session, {"changed_slip": [*changed], "now_received": received})


async def lock_slips(session: AsyncConnection, slip_numbers: Collection[str]) -> dict[str, Any]:
    """Rows of slips by number, locked in that order; one never issued is missing."""
    found = await session.execute(_SLIPS, {"ids": list(slip_numbers)})
    return {row.slip_number: row for row in found.all()}


async def save_reissues(session: AsyncConnection, printed: Mapping[str, Reissue], at: datetime) -> None:
    """Write what is new on slips printed anew."""
    rows = [
        {
            "reissued_slip": number,
            "new_reissue": anew.reissue,
            "new_use_by": anew.use_by,
            "new_barcode": anew.barcode,
            "new_reissued_at": at,
        }
        for number, anew in printed.items()
    ]
    await _REISSUED.execute(session, rows)
