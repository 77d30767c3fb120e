"""Statements compiled once: a SELECT answers what SQLAlchemy would, an UPDATE changes what has changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from contracts.vocabulary import Method
from services.chassis.database import Database
from services.chassis.database.bulk import Bulk, Changes
from services.chassis.database.columns import Instant, words
from services.chassis.database.expressions import in_list
from services.chassis.database.lookup import Lookup
from tests.component.home import Home

metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("name", String, primary_key=True),
    Column("method", words(Method)),
    Column("day", Date),
    Column("at", Instant),
    Column("is_open", Boolean, nullable=False),
    Column("raw", LargeBinary),
    Column("amount", Integer, nullable=False),
)
AT = datetime(2021, 8, 2, 3, 4, 5, 6, tzinfo=UTC)
ROWS = [
    ("a", Method.CARD, date(2021, 8, 2), AT, True, b"x", 1),
    ("b", None, None, None, False, None, 2),
    ("c", Method.COUNTER, date(2022, 1, 4), AT, False, b"", 3),
]
BY_NAME = select(things).where(in_list(things.c.name, "names")).order_by(things.c.name).with_for_update()
ABOVE = select(things.c.name, (things.c.amount * 2).label("twice")).where(
    things.c.amount > bindparam("least"), things.c.is_open.is_(False)
)


@pytest.mark.parametrize("names", [["a", "b", "c", "d"], ["b"], ["d"], []])
async def test_it_answers_what_sqlalchemy_answers(names: list[str], home: Home) -> None:
    database = await with_things(home)
    lookup = Lookup(BY_NAME)
    try:
        for _ in range(2):  # compiled, and compiled before
            async with database.begin() as session:
                found = [tuple(row) for row in await lookup.rows(session, names=names)]
                assert found == [tuple(row) for row in (await session.execute(BY_NAME, {"names": names})).all()]
                assert found == [row for row in ROWS if row[0] in names]
    finally:
        await database.close()


async def test_values_are_bound_by_name_and_constants_of_the_statement_stay(home: Home) -> None:
    database = await with_things(home)
    try:
        async with database.begin() as session:
            assert [tuple(row) for row in await Lookup(ABOVE).rows(session, least=2)] == [("c", 6)]
            counted = Lookup(select(func.count()).select_from(things).limit(1))
            assert [tuple(row) for row in await counted.rows(session)] == [(3,)]
    finally:
        await database.close()


async def test_rows_are_what_their_type_makes_of_them(home: Home) -> None:
    database = await with_things(home)
    try:
        async with database.begin() as session:
            typed = Lookup(select(things.c.name, things.c.method, things.c.amount).where(things.c.amount > 2), Thing)
            assert await typed.rows(session) == [Thing("c", Method.COUNTER, 3)]
    finally:
        await database.close()


async def test_the_databases_errors_are_sqlalchemys(home: Home) -> None:
    database = Database(await home.url("empty"))
    try:
        with pytest.raises(DBAPIError, match="things"):
            async with database.begin() as session:
                await Lookup(BY_NAME).rows(session, names=["a"])
    finally:
        await database.close()


async def test_a_list_that_is_written_out_is_refused() -> None:
    database = Database("sqlite://")
    try:
        with pytest.raises(ValueError, match="use `in_list`"):
            async with database.begin() as session:
                await Lookup(select(things).where(things.c.name.in_(["a"]))).rows(session)
    finally:
        await database.close()


class Thing(NamedTuple):
    name: str
    method: Method | None
    amount: int


async def test_changes_are_written_column_by_column_and_nothing_else_is(home: Home) -> None:
    database = await with_things(home)
    before = [Thing("a", Method.CARD, 1), Thing("b", None, 2), Thing("c", Method.COUNTER, 3)]
    after = [before[0]._replace(amount=7), before[1], before[2]._replace(method=None, amount=9)]
    try:
        async with database.begin() as session:
            await session.execute(update(things).where(things.c.name == "a").values(method=Method.COUNTER))
            await Changes(things).save(session, zip(before, after, strict=True))
            found = await session.execute(
                select(things.c.name, things.c.method, things.c.amount).order_by(things.c.name)
            )
            assert [tuple(row) for row in found.all()] == [("a", Method.COUNTER, 7), before[1], ("c", None, 9)]
    finally:
        await database.close()


async def with_things(home: Home) -> Database:
    database = Database(await home.url("things"))
    await database.create(metadata)
    async with database.begin() as session:
        await Bulk(things.insert()).execute(session, [dict(zip(things.c.keys(), row, strict=True)) for row in ROWS])
    return database
