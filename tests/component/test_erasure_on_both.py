"""消去 on SQLite and on PostgreSQL alike: no value of any table at a contractor leads to a person afterwards."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time
from typing import Any

from sqlalchemy import select

from contracts.parties import PARTIES, WARD
from services.chassis.service import Service
from services.console.books.audit import audit
from services.console.sandbox.sandbox import Sandbox
from tests.component.home import Home
from tests.scenarios.town import a_march, at, tokens_of


async def values(service: Service) -> set[str]:
    """Every value of every table, as text."""
    found: set[str] = set()
    async with service.reading() as session:
        for schema in service.schemas:
            for table in schema.tables.tables.values():
                for row in await session.execute(select(table)):
                    found |= {str(value) for value in row}
    return found


def naming(numbers: Collection[str], found: set[str]) -> set[str]:
    return {number for number in numbers if any(number in value for value in found)}


async def test_after_the_set_date_no_value_leads_to_a_person(home: Home) -> None:
    overrides: dict[str, dict[str, Any]] = {
        party: {"duties": "kept", "ledger_years": 1} if party == WARD else {"duties": "kept"} for party in PARTIES
    }
    for party in PARTIES:
        overrides[party]["database_url"] = await home.url(party.replace(".", "_"))
    async with Sandbox(at(3, 14), seed=7, overrides=overrides) as sandbox:
        town = await a_march(sandbox)
        tokens, books = await tokens_of(sandbox), None
        for until in (at(6, 29), at(7, 1), datetime.combine(at(4, 1, year=2024), time(0), at(4, 1).tzinfo)):
            await sandbox.advance(until)
            books = books or await sandbox.books()
            gone = [service for service in sandbox.services if service.principal != WARD or until.year == 2024]
            for service in gone if until != at(6, 29) else ():
                assert naming(town.numbers | tokens, await values(service)) == set(), (service.principal, until)
            if until == at(6, 29):
                assert naming(town.numbers, await values(sandbox.provider)) != set()
            assert audit(await sandbox.books()) == audit(books)
