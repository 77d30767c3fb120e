"""SQLite with durable commits: all or nothing, and no transaction ends before what it read or wrote is flushed."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.exc import IntegrityError

from services.chassis.clock import pause
from services.chassis.database import Database, journal
from services.chassis.database.bulk import Bulk
from services.chassis.database.journal import Journal
from services.chassis.outages import is_outage

NUMBERS = Table("numbers", MetaData(), Column("n", Integer, primary_key=True))


async def made(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder}/numbers.db")
    await database.create(NUMBERS.metadata)
    return database


async def add(database: Database, *numbers: int) -> None:
    async with database.begin() as session:
        await Bulk(NUMBERS.insert()).execute(session, [{"n": n} for n in numbers])


def committed(folder: Path) -> list[int]:
    """The numbers that another connection sees."""
    with sqlite3.connect(f"{folder}/numbers.db") as other:
        return [n for (n,) in other.execute("SELECT n FROM numbers ORDER BY n")]


async def test_transactions_begun_at_once_are_all_kept(tmp_path: Path) -> None:
    database = await made(tmp_path)
    large = range(1_000, 3_000)
    await asyncio.gather(*(add(database, n) for n in range(40)), add(database, *large))
    assert committed(tmp_path) == [*range(40), *large]
    await database.close()


async def test_what_fails_beside_others_leaves_nothing(tmp_path: Path) -> None:
    database = await made(tmp_path)
    results = await asyncio.gather(
        *(add(database, n) for n in range(20)), add(database, 50, 51, 7), return_exceptions=True
    )
    assert [type(failure) for failure in results if failure is not None] == [IntegrityError]
    assert committed(tmp_path) == list(range(20))
    await database.close()


async def test_a_task_cancelled_while_it_commits_leaves_the_database_usable(tmp_path: Path) -> None:
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
    assert found == committed(tmp_path)
    assert found[-1] == 100
    await database.close()


async def test_a_transaction_that_has_committed_is_flushed_and_many_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, flushed, really = await made(tmp_path), list[set[int]](), Journal.flush

    def flush(journal: Journal) -> None:
        there = set(committed(tmp_path))
        really(journal)
        flushed.append(there)

    async def added(n: int) -> None:
        await add(database, n)
        assert n in flushed[-1]

    monkeypatch.setattr(Journal, "flush", flush)
    await asyncio.gather(*map(added, range(40)))
    assert 1 <= len(flushed) < 40
    flushed.clear()
    await added(40)
    async with database.begin() as session:
        await session.execute(select(NUMBERS))
    assert len(flushed) == 1, "a transaction that changes nothing flushes nothing"
    await database.close()


async def test_a_transaction_that_has_read_a_commit_ends_after_its_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, flushed, unflushed = await made(tmp_path), set[int](), list[set[int]]()
    monkeypatch.setattr(Journal, "flush", lambda _journal: flushed.update(committed(tmp_path)))

    async def read() -> None:
        async with database.read() as session:
            found = set((await session.execute(select(NUMBERS.c.n))).scalars())
            unflushed.append(found - flushed)
        assert found <= flushed

    async def added(n: int) -> None:
        await add(database, n)
        assert n in flushed

    await asyncio.gather(*(work for n in range(20) for work in (added(n), read())))
    assert any(unflushed), "some have read what was not flushed yet"
    await database.close()


async def test_what_another_process_has_committed_is_flushed_before_a_transaction_here_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[list[int]] = []
    database = await made(tmp_path)
    monkeypatch.setattr(Journal, "flush", lambda _journal: flushed.append(committed(tmp_path)))

    async def flushes_after_reading() -> int:
        async with database.read() as session:
            await session.execute(select(NUMBERS))
        return len(flushed)

    other = sqlite3.connect(f"{tmp_path}/numbers.db")
    with other:
        other.execute("INSERT INTO numbers VALUES (1)")
    assert await flushes_after_reading() == 1
    assert flushed == [[1]]
    assert await flushes_after_reading() == 1, "nothing is new, so nothing is flushed"
    with other:
        other.execute("INSERT INTO numbers VALUES (2)")
    async with database.begin() as session:
        await session.execute(select(NUMBERS))
    assert flushed[1:] == [[1, 2]]
    other.close()
    await database.close()


async def test_what_a_process_left_that_was_killed_is_flushed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[list[int]] = []
    before = await made(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "flush", lambda _journal: None)
        await add(before, 1)
    monkeypatch.setattr(Journal, "flush", lambda _journal: flushed.append(committed(tmp_path)))
    after = Database(f"sqlite:///{tmp_path}/numbers.db")
    async with after.begin() as session:
        await session.execute(select(NUMBERS))
    assert flushed == [[1]]
    await after.close()
    await before.close()


async def test_after_a_flush_that_failed_nothing_counts_as_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    database = await made(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(journal, "_write_through", broken)
        results = await asyncio.gather(*(add(database, n) for n in range(5)), return_exceptions=True)
    assert all(isinstance(failure, OSError) for failure in results)
    with pytest.raises(OSError, match="start the process again") as failed:
        await add(database, 6)
    assert is_outage(failed.value)
    await database.close()


async def test_a_read_only_connection_flushes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = await made(tmp_path)
    await add(database, 1)
    await database.close()
    monkeypatch.setattr(Journal, "flush", lambda _journal: pytest.fail("a read-only connection flushed"))
    reader = Database(f"sqlite:///{tmp_path}/numbers.db", read_only=True)
    async with reader.read() as session:
        assert (await session.execute(select(NUMBERS.c.n))).scalars().all() == [1]
    await reader.close()


async def test_what_need_not_be_durable_is_not_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Journal, "flush", lambda _journal: pytest.fail("a database that need not be durable was flushed")
    )
    database = Database(f"sqlite:///{tmp_path}/numbers.db", durable=False)
    await database.create(NUMBERS.metadata)
    await add(database, 1)
    assert committed(tmp_path) == [1]
    await database.close()
