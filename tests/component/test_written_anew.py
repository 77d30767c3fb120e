"""A database that is written anew holds no byte of a deleted row, in no file and no page."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, String, Table, delete, insert, select, text

from services.chassis.database import Database, postgresql
from services.chassis.database.still_read import StillRead
from tests.component.home import Home

SECRET = "131044210000012345021"
METADATA = MetaData()
NUMBERS = Table("numbers", METADATA, Column("id", String, primary_key=True), Column("number", String, nullable=False))


async def filled(database: Database) -> None:
    await database.create(METADATA)
    async with database.begin() as session:
        await session.execute(insert(NUMBERS), [{"id": str(n), "number": f"{SECRET}-{n}"} for n in range(2_000)])
    async with database.begin() as session:
        await session.execute(delete(NUMBERS).where(NUMBERS.c.id != "1"))


def holds(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if f"{SECRET}-77".encode() in path.read_bytes()}


async def test_a_file_keeps_deleted_rows_until_it_is_written_anew(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/party.db")
    await filled(database)
    assert holds(tmp_path) != set()
    await database.write_anew(["numbers"])
    assert holds(tmp_path) == set()
    async with database.read() as session:
        assert (await session.execute(select(NUMBERS.c.number))).scalars().all() == [f"{SECRET}-1"]
    await database.mark()
    await database.require_latest()
    await database.close()


async def test_another_process_that_reads_makes_it_wait_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, reader = Database(f"sqlite:///{tmp_path}/party.db"), Database(f"sqlite:///{tmp_path}/party.db")
    await filled(database)
    async with database.begin() as session:
        await session.execute(text("PRAGMA busy_timeout = 20"))
    async with reader.read() as session:
        assert (await session.execute(select(NUMBERS.c.id))).scalars().all() == ["1"]
        with pytest.raises(StillRead, match="another process reads"):
            await database.write_anew([])
    await database.write_anew([])
    assert holds(tmp_path) == set()
    await asyncio.gather(database.close(), reader.close())


async def test_a_database_of_either_kind_goes_on_as_it_was(home: Home) -> None:
    database = Database(await home.url("party"))
    await filled(database)
    await database.write_anew(["numbers"])
    async with database.begin() as session:
        await session.execute(insert(NUMBERS), [{"id": "2", "number": "later"}])
    async with database.read() as session:
        found = (await session.execute(select(NUMBERS.c.number).order_by(NUMBERS.c.id))).scalars().all()
    assert found == [f"{SECRET}-1", "later"]
    if not database.is_sqlite:
        await nothing_quotes_what_is_gone(database)
    await database.close()


async def test_a_server_is_not_said_to_be_written_anew_while_a_snapshot_sees_what_was_deleted(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_LOOKS", 3)
    database = Database(await home.url("party"))
    if database.is_sqlite:
        await database.close()
        return
    await database.create(METADATA)
    async with database.begin() as session:
        await session.execute(insert(NUMBERS), [{"id": "1", "number": SECRET}])
    async with database.read() as reading:
        assert len((await reading.execute(select(NUMBERS.c.id))).all()) == 1
        async with database.begin() as session:
            await session.execute(delete(NUMBERS))
        with pytest.raises(StillRead, match="sees what was deleted"):
            await database.write_anew([])
    await database.write_anew(["numbers"])
    async with database.read() as session:
        assert (await session.execute(text("SELECT pg_relation_size('numbers')"))).scalar_one() == 0
    await database.close()


async def nothing_quotes_what_is_gone(database: Database) -> None:
    """One page is left of the table, and no statistic has a value of a deleted row."""
    bounds = "tablename = 'numbers' AND attname = 'number' AND histogram_bounds::text LIKE '%-77%'"
    async with database.read() as session:
        size = (await session.execute(text("SELECT pg_relation_size('numbers')"))).scalar_one()
        quoted = (await session.execute(text(f"SELECT count(*) FROM pg_stats WHERE {bounds}"))).scalar_one()
    assert (size, quoted) == (8_192, 0)
