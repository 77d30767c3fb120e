"""賦課: what people were assessed for, a year and charge type."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.expressions import in_list
from services.ward import tables
from services.ward.domain.instalments import Levy
from services.ward.store.inserts import add_rows
from services.ward.store.rows import StoredAssessment

PEOPLE_PER_QUERY = 5_000
_a = tables.assessments.c
_ASSESSED = select(tables.assessments).where(in_list(_a.insured_number), in_list(_a.levy_year, "years"))


async def annual_amounts(session: AsyncConnection, levies: Collection[Levy]) -> dict[Levy, int]:
    """Levy → annual amount, of all levies of these people and years; one not assessed so far is missing."""
    known = {}
    numbers, years = sorted({of.insured_number for of in levies}), sorted({of.levy_year for of in levies})
    for start in range(0, len(numbers), PEOPLE_PER_QUERY):
        some = numbers[start : start + PEOPLE_PER_QUERY]
        for row in (await session.execute(_ASSESSED, {"ids": some, "years": years})).all():
            known[Levy(row.insured_number, row.levy_year, row.charge_type)] = row.annual_amount
    return known


async def add(session: AsyncConnection, rows: Sequence[StoredAssessment]) -> None:
    """Raises `IntegrityError` for a levy that was assessed before."""
    await add_rows(session, tables.assessments, rows)
