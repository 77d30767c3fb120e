"""消去: every statement that erases the ward's rows, by the rules of `domain.erasure`.

It reads whole tables, once a year at night: no index leads from a slip's number to all rows that name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, bindparam, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.calendar import fiscal_year
from contracts.duties.erasing import ERASED, Cut, Fate, Rule
from services.chassis.database.emptying import emptied
from services.chassis.erasure.data import Gone, PartyData
from services.chassis.identity import random_token
from services.ward import tables
from services.ward.domain.erasure import (
    ASSESSMENTS,
    NUMBERED,
    RESOLUTIONS,
    RULES,
    SLIPS,
    TERMINAL_STEPS,
    with_pseudonyms,
)

_s, _r, _use = tables.slips.c, tables.receipts.c, tables.overpayment_uses.c


async def _old_slips(session: AsyncConnection, cut: Cut) -> Mapping[str, str]:
    """Slip → insured number: due up to the last day, without a later receipt or anything that is not settled."""
    due = select(_s.slip_number, _s.insured_number).where(_s.insured_number != "", _s.due_on <= cut.until)
    found = {
        number: insured for number, insured in await session.execute(due.order_by(_s.slip_number).with_for_update())
    }
    unfinished = _use.due_at.is_not(None), _use.ended_at.is_(None)
    needed = (
        select(_r.slip_number).where(_r.received_on > cut.until).distinct(),
        select(tables.overpayments.c.slip_number),
        select(_use.slip_number).where(*unfinished),
        select(_use.to_slip).where(*unfinished),
    )
    for query in needed if found else ():
        for number in (await session.execute(query)).scalars():
            found.pop(number, None)
    return found


def _old_unknown(cut: Cut) -> ColumnElement[bool]:
    """Receipts of slips that the ward does not know."""
    known = exists().where(_s.slip_number == _r.slip_number)
    return and_(~_r.slip_number.startswith(ERASED), _r.received_on <= cut.until, ~known)


async def holds(session: AsyncConnection, cut: Cut) -> bool:
    query = select(_s.slip_number).where(_s.insured_number != "", _s.due_on <= cut.until).limit(1)
    return (await session.execute(query)).first() is not None


async def erase(session: AsyncConnection, cut: Cut, _now: datetime) -> Gone:
    """Slips are locked by number, as always."""
    slips = await _old_slips(session, cut)
    unknown = (await session.execute(select(_r.slip_number).where(_old_unknown(cut)).distinct())).scalars().all()
    pseudonyms = {number: f"{ERASED}{random_token()}" for number in (*slips, *unknown)}
    await _empty_slips(session, [*slips])
    counts = {rule: await _replace(session, rule, pseudonyms) for rule in NUMBERED}
    levied = tables.assessments.c.levy_year <= fiscal_year(cut.until)
    decided = tables.resolutions.c.decided_at < cut.before, tables.resolutions.c.decided_by != ""
    emptying = update(tables.resolutions).where(*decided).values(emptied(tables.resolutions, RESOLUTIONS, None))
    done = tables.terminal_steps.c.at < cut.before
    counts |= {
        ASSESSMENTS: (await session.execute(delete(tables.assessments).where(levied))).rowcount,
        RESOLUTIONS: (await session.execute(emptying)).rowcount,
        TERMINAL_STEPS: (await session.execute(delete(tables.terminal_steps).where(done))).rowcount,
    }
    persons = {*(f"slip:{number}" for number in pseudonyms), *(f"insured:{insured}" for insured in slips.values())}
    return Gone(counts, persons=persons)


async def _empty_slips(session: AsyncConnection, numbers: list[str]) -> None:
    emptying = {name: None if _s[name].nullable else "" for name, fate in SLIPS.columns.items() if fate is Fate.EMPTIED}
    change = update(tables.slips).where(_s.slip_number == bindparam("number")).values(emptying | {"remind_on": None})
    if numbers:
        await session.execute(change, [{"number": number} for number in numbers])


async def _replace(session: AsyncConnection, rule: Rule, pseudonyms: Mapping[str, str]) -> int:
    """Put the pseudonyms into every column of a table in which a number stands; returns the number of rows."""
    table: Table = tables.metadata.tables[rule.table]
    replaced = [name for name, fate in rule.columns.items() if fate is Fate.REPLACED]
    keys = [column.name for column in table.primary_key]
    columns = [table.c[name] for name in {*keys, *replaced}]
    changes: list[dict[str, Any]] = []
    for row in await session.execute(select(*columns)) if pseudonyms else ():
        old = row._asdict()
        new = {name: with_pseudonyms(old[name], pseudonyms) for name in replaced if old[name] is not None}
        if any(new[name] != old[name] for name in new):
            values = {f"new_{name}": new.get(name) for name in replaced}
            changes.append({**{f"key_{name}": old[name] for name in keys}, **values})
    if changes:
        change = update(table).where(*(table.c[name] == bindparam(f"key_{name}") for name in keys))
        await session.execute(change.values({name: bindparam(f"new_{name}") for name in replaced}), changes)
    return len(changes)


DATA: Final = PartyData(RULES, holds, erase)
