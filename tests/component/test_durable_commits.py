"""SQLite with durable commits, on a disk that is quick (flushed inline) and on one that is slow (few rows by a thread):
either way all or nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import nullcontext
from math import inf
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.exc import IntegrityError

from services.chassis import flusher
from services.chassis.bulk import Bulk
from services.chassis.clock import pause
from services.chassis.database import Database
from services.chassis.sqlite_inline import ROWS_FLUSHED_APART


@pytest.fixture(params=["quick", "slow"], autouse=True)
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As the flusher takes it to be, however long it really takes."""
    disk: str = request.param
    monkeypatch.setattr(flusher, "WORTH_A_THREAD_SECONDS", inf if disk == "quick" else -inf)
    return disk


NUMBERS = Table("numbers", MetaData(), Column("n", Integer, primary_key=True))


async def made(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder}/numbers.db")
    await database.create(NUMBERS.metadata)
    return database


async def add(database: Database, *numbers: int) -> None:
    async with database.begin() as session:
        await Bulk(NUMBERS.insert()).execute(session, [{"n": n} for n in numbers])


def kept(folder: Path) -> list[int]:
    """What another connection sees."""
    with sqlite3.connect(f"{folder}/numbers.db") as other:
        return [n for (n,) in other.execute("SELECT n FROM numbers ORDER BY n")]


async def test_transactions_begun_at_once_are_all_kept(tmp_path: Path) -> None:
    database = await made(tmp_path)
    large = range(1_000, 1_001 + ROWS_FLUSHED_APART)
    await asyncio.gather(*(add(database, n) for n in range(40)), add(database, *large))
    assert kept(tmp_path) == [*range(40), *large]
    await database.close()


async def test_what_fails_beside_others_leaves_nothing(tmp_path: Path) -> None:
    database = await made(tmp_path)
    told = await asyncio.gather(
        *(add(database, n) for n in range(20)), add(database, 50, 51, 7), return_exceptions=True
    )
    assert [type(failure) for failure in told if failure is not None] == [IntegrityError]
    assert kept(tmp_path) == list(range(20))
    await database.close()


async def test_who_is_cancelled_while_it_commits_leaves_the_database_usable(tmp_path: Path) -> None:
    database = await made(tmp_path)
    for n in range(20):
        adding = asyncio.create_task(add(database, n))
        for _ in range(n % 5):
            await pause(0)
        was_done = adding.done()
        adding.cancel()
        with nullcontext() if was_done else pytest.raises(asyncio.CancelledError):
            await adding
    await add(database, 100)
    async with database.read() as session:
        found = list((await session.execute(select(NUMBERS.c.n).order_by(NUMBERS.c.n))).scalars())
    assert found == kept(tmp_path)
    assert found[-1] == 100
    await database.close()
