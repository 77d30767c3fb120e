"""Columns that are read as a simpler type than they are stored as."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, select

from contracts.vocabulary import Agent, business_date
from services.chassis.database import Database
from services.chassis.database.columns import Instant, words
from services.chassis.database.reading import business_day, plain, read_as

things = Table(
    "things",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("at", Instant),
    Column("agent", words(Agent)),
)


class Seen(NamedTuple):
    on: date | None
    agent: str


def instant(*at: int) -> datetime:
    return datetime(*at, tzinfo=UTC)  # type: ignore[arg-type,misc]


@given(st.lists(st.datetimes(instant(1900, 1, 1).replace(tzinfo=None), timezones=st.just(UTC)), max_size=5))
@example([instant(2021, 3, 31, 14, 59, 59, 999_999), instant(2021, 3, 31, 15), instant(1969, 12, 31, 14, 59)])
async def test_an_instant_is_read_as_its_date_in_japan_and_a_word_as_its_text(instants: list[datetime]) -> None:
    database = Database("sqlite://")
    await database.create(things.metadata)
    async with database.begin() as session:
        rows = [{"number": n, "at": at, "agent": Agent.UC} for n, at in enumerate([*instants, None])]
        await session.execute(things.insert(), rows)
        query = select(business_day(things.c.at), plain(things.c.agent)).order_by(things.c.number)
        seen = await read_as(session, Seen, query)
    await database.close()
    assert [s.on for s in seen] == [*map(business_date, instants), None]
    assert {(s.agent, type(s.agent)) for s in seen} == {("uc", str)}
